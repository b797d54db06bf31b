#include <gradus/autograd/checks/gradcheck.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include <gradus/autograd/checks/internal/differences.h>
#include <gradus/autograd/checks/internal/gradient_function.h>
#include <gradus/autograd/checks/internal/verdicts.h>
#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops/copying.h>

namespace gradus {

namespace {

using differences::all_finite;
using differences::Direction;
using differences::largest;
using differences::Slope;
using differences::Values;

constexpr const char* f32_advice =
    "the rounding of f32 hides errors. Convert inputs with to(x, DType::f64) and make parameters in DType::f64";

bool same_bits(const Values& a, const Values& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

double dot(const Values& a, const Values& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

std::string position(Index flat, const Shape& shape) {
  std::string s;
  for (Index d = shape.rank(); d-- > 0; flat /= shape[d])
    s = fmt::format("{}{}{}", flat % shape[d], s.empty() ? "" : ", ", s);
  return "[" + s + "]";
}

// First derivatives of one function. `has_seed`: its last leaf is the seed of a gradient.
class Checker {
 public:
  Checker(const LeafFunction& f, bool has_seed, const GradcheckOptions& options)
      : f_(f), has_seed_(has_seed), options_(options) {
    report_.options = options;
    for (std::size_t i = 0; i < f_.leaves.size(); ++i) {
      const std::string& name = f_.leaves[i].name();
      report_.inputs.emplace_back().name = name.empty() ? fmt::format("input {}", i) : name;
    }
  }

  GradcheckReport run() {
    if (f_.leaves.empty())
      return whole(Verdict::vacuous, "no input requires a gradient; call set_requires_grad() on what to check");
    const Tensor y = f_.value();
    if (!y.defined() || y.dtype() != DType::f64)
      throw Error(fmt::format("gradcheck: f returned {}, expected f64: {}", describe(y), f32_advice));
    output_ = y.shape();
    here_ = y.to_vector<double>();
    if (!all_finite(here_)) return whole(Verdict::vacuous, "f is not finite at the inputs");
    if (!same_bits(here_, f_.value().to_vector<double>())) {
      return whole(
          Verdict::fail,
          "f gives different values at the same inputs; it must be a pure function, and draw random numbers from "
          "RandomScope");
    }
    draw_form();
    if (!run_backward(y)) return report_;
    for (std::size_t i = 0; i < f_.leaves.size(); ++i) judge(evidence_of(i), options_.relative, report_.inputs[i]);
    report_.verdict = worst_verdict(report_.inputs);
    return report_;
  }

  /// The report of a function that is wrong as a whole.
  GradcheckReport whole(Verdict v, const std::string& why) {
    report_.problem = why;
    report_.verdict = v;
    for (InputReport& r : report_.inputs) {
      r.verdict = v;
      r.why = why;
    }
    return report_;
  }

 private:
  // Weights of the outputs in the linear form, away from zero so that each counts.
  void draw_form() {
    const Philox random(options_.seed, 1);
    form_.resize(here_.size());
    for (std::size_t j = 0; j < form_.size(); ++j) {
      const double u = random.uniform(j);
      form_[j] = u < 0.5 ? -1 + u : u;
    }
  }

  std::vector<Values> backward_with(const Tensor& y, const Values& seed) const {
    std::vector<Values> found;
    Gradients gradients;
    if (y.requires_grad()) backward(y, {.seed = Tensor::from(seed, output_), .retain_graph = true, .into = &gradients});
    for (const Tensor& leaf : f_.leaves) {
      const Tensor g = gradients.of(leaf);
      found.push_back(g.defined() ? g.to_vector<double>() : Values(static_cast<std::size_t>(leaf.numel())));
    }
    return found;
  }

  // Of the linear form, twice to compare bits. Of each output if an input is compared entry by entry. False when
  // the bits differ.
  bool run_backward(const Tensor& y) {
    has_graph_ = y.requires_grad();
    by_form_ = backward_with(y, form_);
    const std::vector<Values> again = backward_with(f_.value(), form_);
    for (std::size_t i = 0; i < f_.leaves.size(); ++i) {
      if (!same_bits(by_form_[i], again[i])) {
        whole(Verdict::fail, "backward gave different bits in a second run");
        report_.inputs[i].why = report_.problem + ", for this input";
        return false;
      }
    }
    bool any_full = false;
    for (std::size_t i = 0; i < f_.leaves.size(); ++i) any_full = any_full || full(i);
    for (std::size_t j = 0; any_full && j < here_.size(); ++j) {
      Values one(here_.size());
      one[j] = 1;
      by_output_.push_back(backward_with(y, one));
    }
    return true;
  }

  // Whether an input is compared entry by entry.
  bool full(std::size_t input) const { return f_.leaves[input].numel() * std::ssize(here_) <= options_.full_jacobian; }

  std::vector<Direction> directions(std::size_t input) const {
    const Values x = f_.leaves[input].to_vector<double>();
    const Index n = std::ssize(x);
    const auto step = [this](double magnitude) {
      return options_.step * std::max(1.0, std::exp2(std::floor(std::log2(magnitude))) / 1024);
    };
    std::vector<Direction> all;
    const auto add_element = [&](Index i) { all.push_back({i, {}, step(std::fabs(x[static_cast<std::size_t>(i)]))}); };
    if (full(input)) {
      for (Index i = 0; i < n; ++i) add_element(i);
      return all;
    }
    const Philox random(options_.seed, 2 + input);
    // The element with the largest derivative, and others at random.
    const Values& g = by_form_[input];
    const auto smaller = [](double a, double b) { return std::fabs(a) < std::fabs(b); };
    add_element(std::max_element(g.begin(), g.end(), smaller) - g.begin());
    for (Index k = 1; k < options_.directions; ++k)
      add_element(static_cast<Index>(random.below(static_cast<std::uint64_t>(k), static_cast<std::uint64_t>(n))));
    for (Index k = 0; k < options_.directions; ++k) {
      Direction d{-1, Values(x.size()), step(largest(x))};
      for (Index i = 0; i < n; ++i)
        d.vector[static_cast<std::size_t>(i)] = random.normal(static_cast<std::uint64_t>((k + 1) * n + i));
      const double norm = std::sqrt(dot(d.vector, d.vector));
      for (double& v : d.vector) v /= norm;
      all.push_back(std::move(d));
    }
    return all;
  }

  Evidence evidence_of(std::size_t input) const {
    const Tensor& leaf = f_.leaves[input];
    const Values& g = by_form_[input];
    const std::string& name = report_.inputs[input].name;
    Evidence evidence;
    evidence.usual = full(input) ? 0 : std::sqrt(dot(g, g));
    evidence.zero_is_right = has_seed_ && input + 1 < f_.leaves.size();
    evidence.has_graph = has_graph_;
    evidence.has_gradient = largest(g) > 0;
    Index number = 0;
    for (const Direction& d : directions(input)) {
      const std::string by = d.element >= 0 ? name + position(d.element, leaf.shape())
                                            : fmt::format("{} along direction {}", name, number++);
      const auto slopes = differences::slopes(f_.value, here_, leaf, d, options_.relative);
      if (!slopes) {
        ++evidence.not_finite;
      } else if (full(input)) {
        for (std::size_t j = 0; j < here_.size(); ++j) {
          evidence.comparisons.push_back(
              {fmt::format("d output{} / d {}", position(static_cast<Index>(j), output_), by),
               by_output_[j][input][static_cast<std::size_t>(d.element)], (*slopes)[j]});
        }
      } else {
        evidence.comparisons.push_back({"d (random form of output) / d " + by,
                                        d.element >= 0 ? g[static_cast<std::size_t>(d.element)] : dot(g, d.vector),
                                        slope_of_form(*slopes)});
      }
    }
    return evidence;
  }

  Slope slope_of_form(const std::vector<Slope>& slopes) const {
    Slope sum{.step = options_.step};
    for (std::size_t j = 0; j < slopes.size(); ++j) {
      const Slope& s = slopes[j];
      sum.value += form_[j] * s.value;
      sum.error += std::fabs(form_[j]) * s.error;
      sum.noise = std::hypot(sum.noise, s.noise);
      sum.step = std::min(sum.step, s.step);
      sum.low += form_[j] * s.low;
      sum.high += form_[j] * s.high;
      sum.kink = sum.kink || s.kink;
    }
    return sum;
  }

  LeafFunction f_;
  bool has_seed_;
  GradcheckOptions options_;
  GradcheckReport report_;
  Shape output_;
  Values here_, form_;                          // per output element: its value, its weight in the linear form
  std::vector<Values> by_form_;                 // per input: the gradient of the linear form
  std::vector<std::vector<Values>> by_output_;  // per output element and input: the gradient
  bool has_graph_ = false;
};

Tensor make_seed(const Shape& shape, int order, std::uint64_t random_seed) {
  Tensor seed = Tensor::empty(shape, DType::f64);
  const Philox random(random_seed + static_cast<std::uint64_t>(order - 2), 0);
  for (Index i = 0; i < seed.numel(); ++i)
    seed.mutable_data<double>()[i] = 0.5 + random.uniform(static_cast<std::uint64_t>(i));
  return seed.set_requires_grad().set_name(order == 2 ? "seed" : fmt::format("seed {}", order - 1));
}

GradcheckReport check(LeafFunction f, const GradcheckOptions& options) {
  if (options.order < 1) throw Error(fmt::format("gradcheck: order is {}, expected 1 or more", options.order));
  if (!(options.step > 0) || !(options.relative > 0) || options.directions < 1)
    throw Error("gradcheck: step and relative must be positive, and directions at least 1");
  bool has_seed = false;
  for (int order = 2; order <= options.order && !f.leaves.empty(); ++order) {
    const Tensor y = f.value();
    // A check of this function reports its problem.
    if (!y.defined() || y.dtype() != DType::f64 || !y.requires_grad()) break;
    const Tensor seed = make_seed(y.shape(), order, options.seed);
    const Values plain = gradient_values(f, seed);
    f = gradient_function(f, seed);
    has_seed = true;
    const Values recorded = f.value().to_vector<double>();
    for (std::size_t i = 0; i < plain.size(); ++i) {
      if (std::fabs(recorded[i] - plain[i]) > 1e-10 * std::max(largest(plain), 1e-3)) {
        return Checker(f, has_seed, options)
            .whole(Verdict::fail,
                   fmt::format("the gradient has different values when it is recorded (create_graph): {} instead of {}",
                               recorded[i], plain[i]));
      }
    }
  }
  return Checker(f, has_seed, options).run();
}

void require_double(const Tensor& t, std::size_t i, const char* kind) {
  if (t.dtype() != DType::f64)
    throw Error(fmt::format("gradcheck: {} {} is {}, expected f64: {}", kind, i, describe(t), f32_advice));
}

}  // namespace

GradcheckReport gradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs,
                          const GradcheckOptions& options) {
  return check_module(f, {}, inputs, options);
}

GradcheckReport check_module(const GradcheckFunction& f, const std::vector<Tensor>& parameters,
                             const std::vector<Tensor>& inputs, const GradcheckOptions& options) {
  std::vector<Tensor> copies, leaves;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& in = inputs[i];
    if (!in.defined() || !in.requires_grad()) {
      copies.push_back(in);
      continue;
    }
    require_double(in, i, "input");
    Tensor copy = clone(in.detach());
    copy.set_requires_grad().set_name(in.name().empty() ? fmt::format("input {}", i) : in.name());
    copies.push_back(copy);
    leaves.push_back(copy);
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& p = parameters[i];
    if (!p.requires_grad()) continue;
    require_double(p, i, "parameter");
    if (!p.is_leaf()) {
      throw Error(
          fmt::format("check_module: parameter {}, {}, is the result of an op, expected a leaf", i, describe(p)));
    }
    leaves.push_back(p);
  }
  const auto value = [&f, copies, seed = options.seed] {
    const RandomScope scope(seed, 0);
    return f(copies);
  };
  return check({value, leaves}, options);
}

}  // namespace gradus
