// Zeros, infinities, NaN, denormal and extreme numbers in every function and reduction, forward and backward. A result
// is NaN only if an input is NaN or the limit does not exist.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

#include "catch.h"

namespace gradus::autograd_special_values_test {
namespace {

constexpr double inf = INFINITY, not_a_number = NAN;

std::vector<double> numbers(const Tensor& t) { return to(t.detach(), DType::f64).to_vector<double>(); }

bool same(double a, double b, double tolerance) {
  return (std::isnan(a) && std::isnan(b)) || a == b || std::fabs(a - b) <= tolerance * std::fabs(b);
}

struct Special {
  const char* name;
  std::function<Tensor(const Tensor&)> f;
  std::function<double(double)> value, slope;  // the limits, where they exist
};

double sigmoid_of(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
double softplus_of(double x) {
  return std::isinf(x) ? std::max(x, 0.0) : std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
}
double phi(double x) { return std::exp(-x * x / 2) * 0.3989422804014327; }
double times(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }  // 0, as in a limit

const std::vector<Special>& functions() {
  static const std::vector<Special> all{
      {"exp", [](auto& x) { return exp(x); }, [](double v) { return std::exp(v); },
       [](double v) { return std::exp(v); }},
      {"expm1", [](auto& x) { return expm1(x); }, [](double v) { return std::expm1(v); },
       [](double v) { return std::exp(v); }},
      {"log", [](auto& x) { return log(x); }, [](double v) { return std::log(v); }, [](double v) { return 1 / v; }},
      {"log1p", [](auto& x) { return log1p(x); }, [](double v) { return std::log1p(v); },
       [](double v) { return 1 / (1 + v); }},
      {"sqrt", [](auto& x) { return sqrt(x); }, [](double v) { return std::sqrt(v); },
       [](double v) { return 0.5 / std::sqrt(v); }},
      {"tanh", [](auto& x) { return tanh(x); }, [](double v) { return std::tanh(v); },
       [](double v) { return 1 - std::tanh(v) * std::tanh(v); }},
      {"sigmoid", [](auto& x) { return sigmoid(x); }, sigmoid_of,
       [](double v) { return sigmoid_of(v) * (1 - sigmoid_of(v)); }},
      {"softplus", [](auto& x) { return softplus(x); }, softplus_of, sigmoid_of},
      {"silu", [](auto& x) { return silu(x); }, [](double v) { return times(v, sigmoid_of(v)); },
       [](double v) { return sigmoid_of(v) + times(times(v, sigmoid_of(v)), sigmoid_of(-v)); }},
      {"gelu", [](auto& x) { return gelu(x); }, [](double v) { return times(v, 0.5 * std::erfc(-v / std::sqrt(2.0))); },
       [](double v) { return 0.5 * std::erfc(-v / std::sqrt(2.0)) + times(v, phi(v)); }},
      {"erf", [](auto& x) { return erf(x); }, [](double v) { return std::erf(v); },
       [](double v) { return 1.1283791670955126 * std::exp(-v * v); }},
      {"relu", [](auto& x) { return relu(x); }, [](double v) { return std::isnan(v) ? v
                                                                      : v > 0       ? v
                                                                                    : 0; },
       [](double v) { return v > 0 ? 1 : 0; }},
      {"abs", [](auto& x) { return abs(x); }, [](double v) { return std::fabs(v); },
       [](double v) { return v > 0   ? 1
                             : v < 0 ? -1
                                     : 0; }},
      {"reciprocal", [](auto& x) { return reciprocal(x); }, [](double v) { return 1 / v; },
       [](double v) { return -1 / (v * v); }},
      {"leaky_relu", [](auto& x) { return leaky_relu(x); }, [](double v) { return v > 0 ? v : 0.01 * v; },
       [](double v) { return v > 0 ? 1 : 0.01; }},
      {"elu", [](auto& x) { return elu(x, 0.5); }, [](double v) { return v > 0 ? v : 0.5 * std::expm1(v); },
       [](double v) { return v > 0 ? 1 : 0.5 * std::exp(v); }},
      {"celu", [](auto& x) { return celu(x, 0.5); }, [](double v) { return v > 0 ? v : 0.5 * std::expm1(2 * v); },
       [](double v) { return v > 0 ? 1 : std::exp(2 * v); }},
      {"selu", [](auto& x) { return selu(x); },
       [](double v) { return 1.0507009873554805 * (v > 0 ? v : 1.6732632423543772 * std::expm1(v)); },
       [](double v) { return 1.0507009873554805 * (v > 0 ? 1 : 1.6732632423543772 * std::exp(v)); }},
      {"mish", [](auto& x) { return mish(x); }, [](double v) { return times(v, std::tanh(softplus_of(v))); },
       [](double v) {
         const double t = std::tanh(softplus_of(v));
         return t + times(times(v, sigmoid_of(v)), 1 - t * t);
       }},
      {"log_sigmoid", [](auto& x) { return log_sigmoid(x); }, [](double v) { return -softplus_of(-v); },
       [](double v) { return sigmoid_of(-v); }},
      {"hardtanh", [](auto& x) { return hardtanh(x); },
       [](double v) { return std::isnan(v) ? v : std::clamp(v, -1.0, 1.0); },
       [](double v) { return std::fabs(v) < 1 ? 1 : 0; }},
      {"hardsigmoid", [](auto& x) { return hardsigmoid(x); },
       [](double v) { return std::isnan(v) ? v : std::clamp(v / 6 + 0.5, 0.0, 1.0); },
       [](double v) { return std::fabs(v) < 3 ? 1.0 / 6 : 0; }},
      {"hardswish", [](auto& x) { return hardswish(x); },
       [](double v) { return std::isnan(v) ? v : times(v, std::clamp(v / 6 + 0.5, 0.0, 1.0)); },
       [](double v) { return v < -3   ? 0
                             : v <= 3 ? v / 3 + 0.5
                                      : 1; }},
      {"square", [](auto& x) { return square(x); }, [](double v) { return v * v; }, [](double v) { return 2 * v; }},
  };
  return all;
}

}  // namespace

TEST_CASE("values and slopes of functions at special values are the limits, in f32 and f64") {
  for (DType t : {DType::f32, DType::f64}) {
    const double denormal = t == DType::f32 ? 1e-41 : 1e-310;
    for (const Special& s : functions()) {
      for (double v :
           {0.0, -0.0, inf, -inf, not_a_number, 80.0, -80.0, 1e4, -1e4, denormal, -denormal, 1.0, -1.0, -5.0, 5.0}) {
        const Tensor x = Tensor::full({1}, v, t).set_requires_grad();
        v = numbers(x)[0];
        const Tensor y = s.f(x);
        y.backward();
        const double value = numbers(y)[0], slope = numbers(x.grad())[0];
        double want = s.value(v), want_slope = s.slope(v);
        if (t == DType::f32) {
          want = static_cast<float>(want);
          want_slope = static_cast<float>(want_slope);
        }
        INFO(s.name << "(" << v << ") in " << name(t) << ": " << value << " for " << want << ", slope " << slope
                    << " for " << want_slope);
        CHECK(same(value, want, t == DType::f32 ? 4e-7 : 1e-13));
        if (std::isnan(v)) continue;
        // A slope computed from the result, such as 1 - y², has an absolute error.
        const double scale = t == DType::f32 ? 2e-6 : 1e-13;
        CHECK((same(slope, want_slope, scale) || std::fabs(slope - want_slope) <= 0.1 * scale));
      }
    }
  }
}

TEST_CASE("every function of NaN is NaN") {
  for (const Special& s : functions()) {
    INFO(s.name);
    CHECK(std::isnan(numbers(s.f(Tensor::full({1}, not_a_number)))[0]));
    CHECK(std::isnan(numbers(s.f(Tensor::full({1}, not_a_number, DType::f64)))[0]));
  }
  const Tensor x = Tensor::from<double>({1, not_a_number, 3}, {3});
  for (const Tensor& y :
       {sum(x), mean(x), var(x), max(x), min(x), logsumexp(x, 0), sum(softmax(x, 0)), sum(layer_norm(x, {}, {})),
        sum(cumsum(x, 0)), sum(log_softmax(x, 0)), cross_entropy(reshape(x, {1, 3}), Tensor::from<Index>({0}, {1}))})
    CHECK(std::isnan(y.item()));
}

TEST_CASE("gradients at NaN are PyTorch's: 1 for relu, all of it for both sides of maximum, 0 for clamp and abs") {
  for (DType t : {DType::f32, DType::f64}) {
    const auto leaf_of = [&](const std::vector<double>& v) {
      return to(Tensor::from(v, {std::ssize(v)}), t).set_requires_grad();
    };
    const auto gradient = [](const Tensor& y, const Tensor& x) {
      return numbers(grad({sum(y)}, {x}, {.retain_graph = true})[0]);
    };
    const Tensor x = leaf_of({not_a_number, 1, 2, not_a_number, 3, 4}),
                 y = leaf_of({1, not_a_number, 2, not_a_number, 4, 3});
    CHECK(gradient(relu(x), x)[0] == 1);
    CHECK(gradient(abs(x), x)[0] == 0);
    for (const bool largest : {true, false}) {
      const Tensor z = largest ? maximum(x, y) : minimum(x, y);
      CHECK(std::isnan(numbers(z)[0]));
      CHECK(std::isnan(numbers(z)[1]));
      CHECK(gradient(z, x) == std::vector<double>{1, 1, 0.5, 1, double(!largest), double(largest)});
      CHECK(gradient(z, y) == std::vector<double>{1, 1, 0.5, 1, double(largest), double(!largest)});
    }
    const Tensor c = leaf_of({not_a_number, -1, 1, 2, -2, inf, -inf});
    CHECK(std::isnan(numbers(clamp(c, -1, 1))[0]));
    CHECK(gradient(clamp(c, -1, 1), c) == std::vector<double>{0, 1, 1, 0, 0, 0, 0});
  }
}

TEST_CASE("logsumexp of an infinity is that infinity, with a gradient of NaN") {
  for (DType t : {DType::f32, DType::f64}) {
    const Tensor x = to(Tensor::from<double>({inf, 1, -inf}, {3}), t).set_requires_grad();
    const Tensor y = logsumexp(x, 0);
    CHECK(y.item() == inf);
    for (double g : numbers(grad({y}, {x})[0])) CHECK(std::isnan(g));
  }
}

TEST_CASE("a scalar accepts the axes 0 and -1 where an op keeps it a scalar, and no other") {
  const Tensor x = Tensor::scalar(3, DType::f64);
  for (const Index axis : {0, -1}) {
    CHECK(sum(x, {axis}).item() == 3);
    CHECK(mean(x, {axis}, true).item() == 3);
    CHECK(max(x, {axis}).item() == 3);
    CHECK(min(x, {axis}).item() == 3);
    CHECK(std::isnan(var(x, {axis}).item()));
    CHECK(softmax(x, axis).item() == 1);
    CHECK(log_softmax(x, axis).item() == 0);
    CHECK(logsumexp(x, axis).item() == 3);
    CHECK(squeeze(x, axis).item() == 3);
    CHECK(transpose(x, axis, 0).item() == 3);
  }
  CHECK_THROWS_AS(sum(x, {1}), Error);
  CHECK_THROWS_AS(sum(x, {0, -1}), Error);
  CHECK_THROWS_AS(softmax(x, 1), Error);
  CHECK_THROWS_AS(logsumexp(x, -2), Error);
  CHECK_THROWS_AS(transpose(x, 0, 1), Error);
}

TEST_CASE("a root of an argument kept inside its domain has a finite gradient") {
  const Tensor x = Tensor::from<double>({0, 4}, {2}).set_requires_grad();
  const Tensor zero = Tensor::zeros({}, DType::f64), one = Tensor::ones({}, DType::f64),
               small = Tensor::full({}, 1e-12, DType::f64);
  const auto gradient = [&](const Tensor& y) { return numbers(grad({sum(y)}, {x})[0]); };
  CHECK(std::isnan(gradient(where(greater(x, 0.0), sqrt(x), zero))[0]));
  CHECK(std::isnan(gradient(maximum(sqrt(x), small))[0]));
  const Tensor inside = greater(x, 0.0);
  CHECK(gradient(where(inside, sqrt(where(inside, x, one)), zero)) == std::vector<double>{0, 0.25});
  CHECK(gradient(sqrt(maximum(x, small))) == std::vector<double>{0, 0.25});
}

TEST_CASE("masks of any dtype select alike, also together") {
  const Tensor ids = Tensor::from<Index>({0, 2, -1}, {3}), single = Tensor::from<float>({1, 0, 2}, {3}),
               twice = Tensor::from<double>({0, 0.5, 1}, {3});
  const std::vector<Tensor> masks{ids, single, twice};
  for (const Tensor& a : masks) {
    CHECK(numbers(where(a, Tensor::ones({3}), Tensor::zeros({3}))) == numbers(not_equal(a, 0.0)));
    CHECK(numbers(softmax(Tensor::zeros({3}), 0, a))[0] == (numbers(a)[0] == 0 ? 0 : 0.5));
    for (const Tensor& b : masks) {
      const std::vector<double> both = numbers(logical_and(a, b)), x = numbers(a), y = numbers(b);
      for (std::size_t i = 0; i < 3; ++i) CHECK(both[i] == (x[i] != 0 && y[i] != 0));
    }
  }
}

namespace {

// Rows of special logits, with their softmax.
struct Logits {
  std::vector<double> x, p;
};
const std::vector<Logits> logits{
    {{0, -0.0, 0}, {1. / 3, 1. / 3, 1. / 3}},
    {{1e4, -1e4, 0}, {1, 0, 0}},
    {{80, -80, 80}, {0.5, 0, 0.5}},
    {{-inf, 0, 0}, {0, 0.5, 0.5}},
    {{-inf, -inf, 7}, {0, 0, 1}},
    {{1e-41, 0, -1e-41}, {1. / 3, 1. / 3, 1. / 3}},
    {{-1e4, -1e4, -1e4}, {1. / 3, 1. / 3, 1. / 3}},
    {{-inf, -inf, -inf}, {0, 0, 0}},
};

}  // namespace

TEST_CASE("softmax, log_softmax and logsumexp of special rows") {
  for (DType t : {DType::f32, DType::f64}) {
    for (const Logits& row : logits) {
      const Tensor x = to(Tensor::from(row.x, {1, 3}), t).set_requires_grad();
      INFO(to_string(x) << " in " << name(t));
      const double tolerance = t == DType::f32 ? 3e-7 : 1e-14;
      const Tensor p = softmax(x, -1), log_p = log_softmax(x, -1), total = logsumexp(x, -1);
      for (std::size_t i = 0; i < 3; ++i) {
        CHECK(std::fabs(numbers(p)[i] - row.p[i]) <= tolerance);
        CHECK_FALSE(std::isnan(numbers(log_p)[i]));
        if (row.p[i] > 0) CHECK(std::fabs(numbers(log_p)[i] - std::log(row.p[i])) <= tolerance);
      }
      CHECK_FALSE(std::isnan(total.item()));
      // The gradient is 0 for softmax, and p for logsumexp.
      sum(p * to(Tensor::from<double>({1, 2, 3}, {3}), t)).backward();
      double balance = 0;
      for (double g : numbers(x.grad())) balance += g;
      CHECK(std::fabs(balance) <= 1e-6);
      Tensor(x).zero_grad();
      total.backward(BackwardOptions{.seed = Tensor::ones({1}, t)});
      for (std::size_t i = 0; i < 3; ++i) CHECK(std::fabs(numbers(x.grad())[i] - row.p[i]) <= tolerance);
    }
  }
}

TEST_CASE("cross_entropy of special logits is the true loss, with finite gradients") {
  for (DType t : {DType::f32, DType::f64}) {
    for (const Logits& row : logits) {
      if (row.p[0] + row.p[1] + row.p[2] == 0) continue;
      for (Index target : {0, 1, 2}) {
        const Tensor x = to(Tensor::from(row.x, {1, 3}), t).set_requires_grad();
        INFO(to_string(x) << " in " << name(t) << ", target " << target);
        const Tensor loss = cross_entropy(x, Tensor::from<Index>({target}, {1}));
        const double p = row.p[static_cast<std::size_t>(target)];
        CHECK_FALSE(std::isnan(loss.item()));
        if (p > 0) CHECK(std::fabs(loss.item() + std::log(p)) <= 1e-6);
        if (p == 0) CHECK(loss.item() >= 150);
        loss.backward();
        for (std::size_t i = 0; i < 3; ++i)
          CHECK(std::fabs(numbers(x.grad())[i] - (row.p[i] - (static_cast<Index>(i) == target))) <= 1e-6);
      }
    }
  }
}

TEST_CASE("masked elements give zeros and no gradient, for all values") {
  for (DType t : {DType::f32, DType::f64}) {
    const Tensor x = to(Tensor::from<double>({1, inf, 3, not_a_number, 1e4, inf}, {2, 3}), t).set_requires_grad();
    const Tensor keep = Tensor::from<double>({1, 0, 1, 0, 0, 0}, {2, 3});
    const Tensor p = softmax(x, -1, keep);
    const auto v = numbers(p);
    CHECK(v[0] + v[2] == Approx(1));
    for (std::size_t i : {1, 3, 4, 5}) CHECK(v[i] == 0);
    sum(square(p)).backward();
    const auto g = numbers(x.grad());
    for (std::size_t i : {1, 3, 4, 5}) CHECK(g[i] == 0);
    CHECK(g[0] != 0);
    CHECK(numbers(logsumexp(x, -1, false, keep))[1] == -inf);
    CHECK(numbers(log_softmax(x, -1, keep))[3] == -inf);
    Tensor(x).zero_grad();
    const Tensor total = logsumexp(x, -1, false, keep);
    backward(total, {.seed = Tensor::ones({2}, t)});
    for (std::size_t i : {1, 3, 4, 5}) CHECK(numbers(x.grad())[i] == 0);
  }
}

TEST_CASE("a mask of attention is read by its rank and never by coincidence of its extents") {
  // batch = heads = T, so that every axis of the scores but the last has one extent.
  const Index n = 3, sources = 4;
  const auto make = [&](Index rows, std::uint64_t stream) {
    return Tensor::normal({n, rows, 6}, 0, 1, Philox(4, stream), DType::f64);
  };
  const Tensor q = make(n, 0), k = make(sources, 1), v = make(sources, 2);
  const Tensor mask = Tensor::from<Index>({1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0}, {n, sources});
  const auto differences = [&](const Shape& shape) {
    const Tensor d = attention(q, k, v, n, {.mask = reshape(mask, shape)}) - attention(q, k, v, n);
    return reshape(d, {n, n, n, 2});  // [batch, T, head, 2]
  };
  const auto changed_along = [&](const Tensor& d, Index axis) {
    std::vector<bool> changed;
    for (const Tensor& part : unbind(d, axis)) changed.push_back(sum(abs(part)).item() > 0);
    return changed;
  };
  const std::vector<bool> later_ones{false, true, true}, all{true, true, true};
  CHECK(changed_along(differences({n, sources}), 1) == later_ones);
  CHECK(changed_along(differences({n, sources}), 0) == all);
  CHECK(changed_along(differences({1, n, 1, sources}), 2) == later_ones);
  CHECK(changed_along(differences({1, n, 1, sources}), 0) == all);
  CHECK(changed_along(differences({n, 1, 1, sources}), 0) == later_ones);
  CHECK(changed_along(differences({n, 1, 1, sources}), 1) == all);
  CHECK_THROWS_AS(attention(q, k, v, n, {.mask = reshape(mask, {n, 1, sources})}), Error);
}

TEST_CASE("attention without visible keys gives zeros and no gradient, and hidden values have no effect") {
  for (DType t : {DType::f32, DType::f64}) {
    auto make = [&](std::uint64_t stream) {
      return Tensor::normal({2, 3, 4}, 0, 1, Philox(3, stream), t).set_requires_grad();
    };
    const Tensor q = make(0), k = make(1), v = make(2);
    // All keys of the second sentence are hidden.
    const Tensor keep = Tensor::from<double>({1, 1, 0, 0, 0, 0}, {2, 1, 1, 3});
    const Tensor y = attention(q, k, v, 2, {.mask = keep});
    const auto out = numbers(y);
    for (std::size_t i = 12; i < 24; ++i) CHECK(out[i] == 0);
    sum(square(y) + y).backward();
    for (const Tensor& in : {q, k, v}) {
      const auto g = numbers(in.grad());
      for (std::size_t i = 12; i < 24; ++i) CHECK(g[i] == 0);
    }
    for (std::size_t i = 8; i < 12; ++i) {
      CHECK(numbers(k.grad())[i] == 0);
      CHECK(numbers(v.grad())[i] == 0);
    }
  }
}

TEST_CASE("layer_norm of constant rows of any magnitude is its bias, with finite gradients") {
  for (DType t : {DType::f32, DType::f64}) {
    for (double c : {0.0, -0.0, 1.0, -3.3, 1e4, 1e-41}) {
      const Tensor x = Tensor::full({2, 7}, c, t).set_requires_grad();
      const Tensor w = Tensor::full({7}, 2, t).set_requires_grad(), b = Tensor::full({7}, 0.5, t).set_requires_grad();
      const Tensor y = layer_norm(x, w, b);
      INFO(c << " in " << name(t));
      for (double v : numbers(y)) CHECK(v == Approx(0.5).margin(t == DType::f32 ? 0.5 : 1e-9));
      sum(square(y)).backward();
      for (const Tensor& in : {x, w, b})
        for (double g : numbers(in.grad())) CHECK(std::isfinite(g));
    }
  }
}

TEST_CASE("dropout, where and masked_fill remove NaN and infinity from elements that they drop") {
  const Tensor bad = Tensor::from<double>({not_a_number, inf, 1}, {3}).set_requires_grad(),
               keep = Tensor::from<double>({0, 0, 1}, {3});
  const Tensor y = where(keep, bad, Tensor::zeros({}, DType::f64));
  CHECK(numbers(y) == std::vector<double>{0, 0, 1});
  sum(y).backward();
  CHECK(numbers(bad.grad()) == std::vector<double>{0, 0, 1});
  CHECK(numbers(masked_fill(bad, logical_not(keep), 2)) == std::vector<double>{2, 2, 1});
  const RandomScope scope(1, 0);
  const Tensor x = Tensor::full({64}, inf);
  Index zeros = 0;
  for (double v : numbers(dropout(x, 0.5))) {
    CHECK_FALSE(std::isnan(v));
    zeros += v == 0;
  }
  CHECK(zeros > 0);
}

}  // namespace gradus::autograd_special_values_test
