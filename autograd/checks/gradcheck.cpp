#include <gradus/autograd/checks/gradcheck.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

namespace gradus {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr int most_levels = 20;
constexpr double smallest_step = 1e-10;

using Values = std::vector<double>;
using Evaluate = std::function<Tensor()>;

bool all_finite(const Values& v) {
  return std::all_of(v.begin(), v.end(), [](double x) { return std::isfinite(x); });
}

double largest(const Values& v) {
  double m = 0;
  for (double x : v) m = std::max(m, std::fabs(x));
  return m;
}

bool same_bits(const Values& a, const Values& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

std::string position(Index flat, const Shape& shape) {
  std::string s;
  for (Index d = shape.rank(); d-- > 0; flat /= shape[d])
    s = fmt::format("{}{}{}", flat % shape[d], s.empty() ? "" : ", ", s);
  return "[" + s + "]";
}

// A way to move an input: one element, or all along a unit vector.
struct Direction {
  Index element = -1;
  Values vector;
  double size;  // of the first step
};

// The derivative of all outputs along one direction, found from values of f.
struct Slope {
  Values value, error, step;
  Values low, high;  // slopes on either side at the smallest step
  Values noise;      // what rounding may have done to `value`
  std::vector<bool> kink;
  bool finite = true;
};

class Checker {
 public:
  Checker(const Evaluate& f, const std::vector<Tensor>& leaves, const GradcheckOptions& options)
      : f_([&f, seed = options.seed] {
          const RandomScope scope(seed, 0);
          return f();
        }),
        leaves_(leaves),
        options_(options) {}

  GradcheckReport run() {
    report_.options = options_;
    if (leaves_.empty()) return vacuous("no input requires a gradient; call set_requires_grad() on what to check");
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      InputReport r;
      r.name = leaves_[i].name().empty() ? fmt::format("input {}", i) : leaves_[i].name();
      report_.inputs.push_back(r);
    }
    const Tensor y = f_();
    if (!y.defined() || y.dtype() != DType::f64)
      throw Error(
          fmt::format("gradcheck: f returned {}, expected f64; differences of f32 values say next to nothing. "
                      "Convert inputs with to(x, DType::f64) and make parameters in DType::f64",
                      describe(y)));
    output_ = y.shape();
    here_ = y.to_vector<double>();
    if (!all_finite(here_)) return vacuous("f is not finite at the inputs");
    if (!same_bits(here_, f_().to_vector<double>()))
      return failed(
          "f gives other values at the same inputs; it must be a pure function, and draw random numbers from "
          "RandomScope");
    random_form();
    for (std::size_t i = 0; i < leaves_.size(); ++i)
      if (leaves_[i].numel() * y.numel() <= options_.full_jacobian) full_ = true;
    if (!analytic(y)) return report_;
    for (std::size_t i = 0; i < leaves_.size(); ++i) judge(i);
    conclude();
    return report_;
  }

  /// At second order, zero is a derivative like any other for the inputs; not for the seed, which is the last leaf.
  void accept_zero_except_last() { zero_is_fine_ = true; }

  GradcheckReport vacuous(const std::string& why) { return whole(Verdict::vacuous, why); }
  GradcheckReport failed(const std::string& why) { return whole(Verdict::fail, why); }

 private:
  GradcheckReport whole(Verdict v, const std::string& why) {
    report_.options = options_;
    report_.problem = why;
    report_.verdict = v;
    for (InputReport& r : report_.inputs) {
      r.verdict = v;
      r.why = why;
    }
    return report_;
  }

  // Weights of the outputs, away from zero so that each counts.
  void random_form() {
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
    for (const Tensor& leaf : leaves_) {
      const Tensor g = gradients.of(leaf);
      found.push_back(g.defined() ? g.to_vector<double>() : Values(static_cast<std::size_t>(leaf.numel())));
    }
    return found;
  }

  // Backward: once for the linear form, again on a new graph to compare bits, and for each output when that is few.
  bool analytic(const Tensor& y) {
    has_graph_ = y.requires_grad();
    by_form_ = backward_with(y, form_);
    const std::vector<Values> again = backward_with(f_(), form_);
    for (std::size_t i = 0; i < leaves_.size(); ++i)
      if (!same_bits(by_form_[i], again[i])) {
        failed("backward gave other bits when it was run a second time");
        report_.inputs[i].why = report_.problem + ", for this input";
        return false;
      }
    if (full_)
      for (std::size_t j = 0; j < here_.size(); ++j) {
        Values one(here_.size());
        one[j] = 1;
        rows_.push_back(backward_with(y, one));
      }
    return true;
  }

  void move(Tensor& leaf, const Values& from, const Direction& d, double h) const {
    double* p = leaf.mutable_data<double>();
    if (d.element >= 0) {
      p[d.element] = from[static_cast<std::size_t>(d.element)] + h;
    } else {
      for (std::size_t i = 0; i < from.size(); ++i) p[i] = from[i] + h * d.vector[i];
    }
  }

  // Restores an input's bits whatever happens.
  class Restore {
   public:
    Restore(Tensor& leaf, const Values& values) : leaf_(leaf), values_(values) {}
    ~Restore() { std::copy(values_.begin(), values_.end(), leaf_.mutable_data<double>()); }
    Restore(const Restore&) = delete;
    Restore& operator=(const Restore&) = delete;

   private:
    Tensor& leaf_;
    const Values& values_;
  };

  Slope slope(std::size_t input, const Direction& d) {
    Tensor& leaf = leaves_[input];
    const Values from = leaf.to_vector<double>();
    const Restore restore(leaf, from);
    for (double h = d.size; h > smallest_step; h /= 8)
      if (Slope s = extrapolate(leaf, from, d, h); s.finite) return s;
    Slope s;
    s.finite = false;
    return s;
  }

  // Ridders' tableau: row k, column c rests on the steps from h / 2^(k - c) down to h / 2^k; the entry that differs
  // least from its neighbours, relative to its size or to a thousandth of the largest difference seen, is taken.
  Slope extrapolate(Tensor& leaf, const Values& from, const Direction& d, double h) const {
    const std::size_t m = here_.size();
    Slope s;
    s.value.resize(m), s.step.resize(m), s.noise.resize(m), s.low.resize(m), s.high.resize(m);
    s.error.assign(m, std::numeric_limits<double>::infinity());
    s.kink.assign(m, false);
    std::vector<Values> row, before;
    Values gap(m), jump(m), jump_before(m), steepest(m);
    std::vector<int> steady(m);
    int improved = 0;
    const double here = d.element >= 0 ? from[static_cast<std::size_t>(d.element)] : 0;
    const double magnitude = d.element >= 0 ? std::fabs(here) : largest(from);
    for (int k = 0; k < most_levels; ++k, h /= 2) {
      move(leaf, from, d, h);
      const Values above = f_().to_vector<double>();
      move(leaf, from, d, -h);
      const Values below = f_().to_vector<double>();
      if (!all_finite(above) || !all_finite(below)) {
        s.finite = false;
        return s;
      }
      const double up = d.element >= 0 ? (here + h) - here : h, down = d.element >= 0 ? here - (here - h) : h;
      before = std::exchange(row, {});
      row.emplace_back(m);
      for (std::size_t j = 0; j < m; ++j) {
        row[0][j] = (above[j] - below[j]) / (up + down);
        steepest[j] = std::max(steepest[j], std::fabs(row[0][j]));
      }
      const double size_of_all = largest(here_);
      double factor = 1;
      for (int c = 1; c <= k; ++c) {
        factor *= 4;
        const std::size_t now = static_cast<std::size_t>(c);
        row.emplace_back(m);
        for (std::size_t j = 0; j < m; ++j) {
          row[now][j] = row[now - 1][j] + (row[now - 1][j] - before[now - 1][j]) / (factor - 1);
          // Agreement by chance counts no more than the rounding of values, which outputs often share, allows.
          const double error =
              std::max(std::fabs(row[now][j] - row[now - 1][j]), std::fabs(row[now][j] - before[now - 1][j])) +
              epsilon * size_of_all / h;
          const double floor = 1e-3 * steepest[j];
          if (error * (std::fabs(s.value[j]) + floor) < s.error[j] * (std::fabs(row[now][j]) + floor) || k == 1) {
            s.error[j] = error;
            s.value[j] = row[now][j];
            s.step[j] = h;
          }
        }
      }
      std::swap(jump, jump_before);
      bool settled = k >= 3;
      const double scale = largest(s.value);
      for (std::size_t j = 0; j < m; ++j) {
        s.high[j] = (above[j] - here_[j]) / up;
        s.low[j] = (here_[j] - below[j]) / down;
        const double gap_now = s.high[j] - s.low[j];
        jump[j] = 2 * gap_now - gap[j];  // of a smooth function it falls with the cube of the step
        gap[j] = gap_now;
        const double size = std::max({std::fabs(above[j]), std::fabs(below[j]), std::fabs(here_[j])});
        const double rounding = 4 * epsilon * (size + magnitude * std::fabs(s.value[j])) / h;
        if (s.step[j] > 0) s.noise[j] = rounding * h / s.step[j];
        const bool jumps = std::fabs(jump[j]) > 1e-6 * scale + 16 * rounding + 4 * epsilon * size_of_all / h;
        const double ratio = jump[j] / jump_before[j];  // 1 at a kink, 2 where f itself jumps, any in noise
        steady[j] = jumps && ratio > 0.5 && ratio < 2.5 ? steady[j] + 1 : 0;
        s.kink[j] = steady[j] > 1;
        settled = settled && !jumps &&
                  s.error[j] <= 1e-5 * options_.relative * scale + rounding + 2 * epsilon * size_of_all / h;
        if (s.step[j] == h) improved = k;
      }
      const bool kink = std::find(s.kink.begin(), s.kink.end(), true) != s.kink.end();
      if (settled || (k >= improved + 6 && !kink)) break;
    }
    return s;
  }

  // One entry of the comparison.
  struct Entry {
    std::string at;
    double analytic, numeric, error, step, noise, low, high;
    bool kink;
  };

  std::vector<Direction> directions(std::size_t input) const {
    const Tensor& leaf = leaves_[input];
    const Values x = leaf.to_vector<double>();
    const Index n = leaf.numel();
    auto size = [this](double at) {
      return options_.step * std::max(1.0, std::exp2(std::floor(std::log2(at))) / 1024);
    };
    std::vector<Direction> all;
    auto element = [&](Index i) { all.push_back({i, {}, size(std::fabs(x[static_cast<std::size_t>(i)]))}); };
    if (full(input)) {
      for (Index i = 0; i < n; ++i) element(i);
      return all;
    }
    const Philox random(options_.seed, 2 + input);
    // The element with the largest derivative, and others anywhere.
    const Values& g = by_form_[input];
    const auto steepest =
        std::max_element(g.begin(), g.end(), [](double a, double b) { return std::fabs(a) < std::fabs(b); });
    element(steepest - g.begin());
    for (Index k = 1; k < options_.directions; ++k)
      element(static_cast<Index>(random.below(static_cast<std::uint64_t>(k), static_cast<std::uint64_t>(n))));
    for (Index k = 0; k < options_.directions; ++k) {
      Direction d{-1, Values(x.size()), size(largest(x))};
      for (Index i = 0; i < n; ++i)
        d.vector[static_cast<std::size_t>(i)] = random.normal(static_cast<std::uint64_t>((k + 1) * n + i));
      const double norm = std::sqrt(std::inner_product(d.vector.begin(), d.vector.end(), d.vector.begin(), 0.0));
      for (double& v : d.vector) v /= norm;
      all.push_back(std::move(d));
    }
    return all;
  }

  bool full(std::size_t input) const { return leaves_[input].numel() * std::ssize(here_) <= options_.full_jacobian; }

  void judge(std::size_t input) {
    InputReport& r = report_.inputs[input];
    const Tensor& leaf = leaves_[input];
    std::vector<Entry> entries;
    Index unreachable = 0, number = 0;
    for (const Direction& d : directions(input)) {
      const Slope s = slope(input, d);
      const std::string by = d.element >= 0 ? fmt::format("{}{}", r.name, position(d.element, leaf.shape()))
                                            : fmt::format("{} along direction {}", r.name, number++);
      if (!s.finite) {
        ++unreachable;
        continue;
      }
      if (full(input)) {
        for (std::size_t j = 0; j < here_.size(); ++j)
          entries.push_back({fmt::format("d output{} / d {}", position(static_cast<Index>(j), output_), by),
                             rows_[j][input][static_cast<std::size_t>(d.element)], s.value[j], s.error[j], s.step[j],
                             s.noise[j], s.low[j], s.high[j], s.kink[j]});
        continue;
      }
      const Values& g = by_form_[input];
      Entry e{"d (random form of output) / d " + by, 0, 0, 0, options_.step, 0, 0, 0, false};
      e.analytic = d.element >= 0 ? g[static_cast<std::size_t>(d.element)]
                                  : std::inner_product(g.begin(), g.end(), d.vector.begin(), 0.0);
      for (std::size_t j = 0; j < here_.size(); ++j) {
        e.numeric += form_[j] * s.value[j];
        e.error += std::fabs(form_[j]) * s.error[j];
        e.noise = std::hypot(e.noise, s.noise[j]);
        e.step = std::min(e.step, s.step[j]);
        e.low += form_[j] * s.low[j];
        e.high += form_[j] * s.high[j];
        e.kink = e.kink || s.kink[j];
      }
      entries.push_back(e);
    }
    weigh(input, entries, unreachable);
  }

  void weigh(std::size_t input, const std::vector<Entry>& entries, Index unreachable) {
    InputReport& r = report_.inputs[input];
    double scale = 0;
    for (const Entry& e : entries) scale = std::max({scale, std::fabs(e.analytic), std::fabs(e.numeric)});
    // A derivative along a random direction may be small by chance; the size that is usual there counts as well.
    if (!full(input)) {
      const Values& g = by_form_[input];
      scale = std::max(scale, std::sqrt(std::inner_product(g.begin(), g.end(), g.begin(), 0.0)));
    }
    const Entry* worst = nullptr;
    bool visible = false, agree = true;
    double worst_excess = -1;
    for (const Entry& e : entries) {
      const double off = std::fabs(e.analytic - e.numeric),
                   size = std::max({std::fabs(e.analytic), std::fabs(e.numeric), 1e-3 * scale});
      ++r.compared;
      if (e.kink && off <= 0.5 * std::fabs(e.high - e.low) * (1 + 1e-6) + options_.relative * size) {
        ++r.kinks;
        continue;
      }
      visible = visible || std::max(std::fabs(e.analytic), std::fabs(e.numeric)) > e.noise;
      const double excess = !std::isfinite(off) ? std::numeric_limits<double>::infinity()
                            : off > e.noise     ? (off - e.noise) / size
                                                : 0;
      agree = agree && excess <= options_.relative;
      if (!worst || excess > worst_excess) {
        worst = &e;
        worst_excess = excess;
        r.at = e.at;
        r.analytic = e.analytic;
        r.numeric = e.numeric;
        r.absolute = off;
        r.relative = excess;
        r.step = e.step;
      }
    }
    if (!agree) {
      r.verdict = Verdict::fail;
      r.why = reason_of_failure(*worst, input);
    } else if (unreachable > 0) {
      r.verdict = Verdict::vacuous;
      r.why = fmt::format("f is not finite beside the point, at {} of its elements", unreachable);
    } else if (r.kinks > 0) {
      r.verdict = Verdict::kink;
      r.why = fmt::format("{} of {} derivatives are taken at a kink", r.kinks, r.compared);
    } else if (r.compared == 0) {
      r.verdict = Verdict::vacuous;
      r.why = "there is no element to compare";
    } else if (!visible && !(zero_is_fine_ && input + 1 < leaves_.size())) {
      r.verdict = Verdict::vacuous;
      r.why = scale == 0 ? "the gradient is zero everywhere: f does not depend on this input here"
                         : fmt::format("the largest derivative, {:.3g}, is lost in the rounding of f's values", scale);
    } else {
      r.verdict = Verdict::pass;
      r.why = visible ? fmt::format("{} derivatives agree", r.compared) : "zero, as it should be";
    }
  }

  std::string reason_of_failure(const Entry& e, std::size_t input) const {
    if (!std::isfinite(e.analytic)) return "backward gave a value that is not finite";
    if (e.kink) return "backward's value lies outside of the slopes on the two sides of the kink";
    if (e.error > std::fabs(e.analytic - e.numeric))
      return fmt::format(
          "the differences do not settle (uncertain by {:.2g}): f is rough or steep here, move the inputs", e.error);
    if (largest(by_form_[input]) == 0)
      return has_graph_ ? "f depends on this input, but backward gives it no gradient"
                        : "f depends on this input, but its result has no graph (detach, NoGrad or mutable_data?)";
    return "backward and differences disagree";
  }

  void conclude() {
    auto rank = [](Verdict v) {
      return v == Verdict::fail ? 3 : v == Verdict::vacuous ? 2 : v == Verdict::kink ? 1 : 0;
    };
    report_.verdict = Verdict::pass;
    for (const InputReport& r : report_.inputs)
      if (rank(r.verdict) > rank(report_.verdict)) report_.verdict = r.verdict;
  }

  Evaluate f_;
  std::vector<Tensor> leaves_;
  GradcheckOptions options_;
  GradcheckReport report_;
  Shape output_;
  Values here_, form_;
  std::vector<Values> by_form_;            // an input: gradient of the random form
  std::vector<std::vector<Values>> rows_;  // an output element, an input: gradient
  bool full_ = false, has_graph_ = false, zero_is_fine_ = false;
};

void require_double(const Tensor& t, std::size_t i, const char* kind) {
  if (t.dtype() != DType::f64)
    throw Error(fmt::format(
        "gradcheck: {} {} is {}, expected f64: differences of f32 values say next to nothing. Convert inputs "
        "with to(x, DType::f64) and make parameters in DType::f64",
        kind, i, describe(t)));
}

// The gradient of f's result, weighted by the seed, by all leaves, in one row.
Tensor gradient_row(const Evaluate& f, const std::vector<Tensor>& leaves, const Tensor& seed) {
  const GradMode recording(true);
  const std::vector<Tensor> found = grad({f()}, leaves, {.seeds = {seed}, .create_graph = true, .allow_unused = true});
  std::vector<Tensor> parts;
  for (std::size_t i = 0; i < leaves.size(); ++i)
    parts.push_back(found[i].defined() ? reshape(found[i], {leaves[i].numel()})
                                       : Tensor::zeros({leaves[i].numel()}, DType::f64));
  return concat(parts, 0);
}

GradcheckReport second_order(const Evaluate& f, std::vector<Tensor> leaves, const GradcheckOptions& options) {
  auto scoped = [&] {
    const RandomScope scope(options.seed, 0);
    return f();
  };
  const Tensor y = leaves.empty() ? Tensor() : scoped();
  if (!y.defined() || y.dtype() != DType::f64 || !y.requires_grad())
    return Checker(f, leaves, options).run();  // says what is wrong
  Tensor seed = Tensor::empty(y.shape(), DType::f64);
  const Philox random(options.seed, 0);
  for (Index i = 0; i < y.numel(); ++i)
    seed.mutable_data<double>()[i] = 0.5 + random.uniform(static_cast<std::uint64_t>(i));
  seed.set_requires_grad().set_name("seed");

  Values plain;
  {
    Gradients gradients;
    backward(y, {.seed = seed.detach(), .into = &gradients});
    for (const Tensor& leaf : leaves) {
      const Tensor g = gradients.of(leaf);
      const Values v = g.defined() ? g.to_vector<double>() : Values(static_cast<std::size_t>(leaf.numel()));
      plain.insert(plain.end(), v.begin(), v.end());
    }
  }
  const std::vector<Tensor> inputs = leaves;
  const Evaluate row = [&f, inputs, seed] { return gradient_row(f, inputs, seed); };
  leaves.push_back(seed);
  Checker checker(row, leaves, options);
  checker.accept_zero_except_last();
  const RandomScope scope(options.seed, 0);
  const Values recorded = row().to_vector<double>();
  for (std::size_t i = 0; i < plain.size(); ++i)
    if (std::fabs(recorded[i] - plain[i]) > 1e-10 * std::max(largest(plain), 1e-3))
      return checker.failed(fmt::format(
          "the gradient has other values when it is recorded (create_graph): {} instead of {}", recorded[i], plain[i]));
  return checker.run();
}

GradcheckReport check(const Evaluate& f, const std::vector<Tensor>& leaves, const GradcheckOptions& options) {
  if (options.order != 1 && options.order != 2)
    throw Error(fmt::format("gradcheck: order is {}, expected 1 or 2", options.order));
  if (!(options.step > 0) || !(options.relative > 0) || options.directions < 1)
    throw Error("gradcheck: step and relative must be positive, and directions at least 1");
  return options.order == 2 ? second_order(f, leaves, options) : Checker(f, leaves, options).run();
}

}  // namespace

const char* name(Verdict v) {
  switch (v) {
    case Verdict::pass:
      return "pass";
    case Verdict::fail:
      return "FAIL";
    case Verdict::kink:
      return "kink";
    default:
      return "vacuous";
  }
}

bool GradcheckReport::passed() const {
  if (verdict == Verdict::fail) return false;
  auto allowed = [this](Verdict v) {
    return v == Verdict::pass || (v == Verdict::kink && options.allow_kinks) ||
           (v == Verdict::vacuous && options.allow_vacuous);
  };
  return allowed(verdict) &&
         std::all_of(inputs.begin(), inputs.end(), [&](const InputReport& r) { return allowed(r.verdict); });
}

double GradcheckReport::worst_relative() const {
  double worst = 0;
  for (const InputReport& r : inputs) worst = std::max(worst, r.relative);
  return worst;
}

std::string to_string(const GradcheckReport& report) {
  std::size_t width = 5;
  for (const InputReport& r : report.inputs) width = std::max(width, r.name.size());
  std::string s = fmt::format("gradients to order {}: {}{}{}\n", report.options.order, name(report.verdict),
                              report.problem.empty() ? "" : ", ", report.problem);
  s += fmt::format("{:<{}}  {:<7}  {:>8}  {:>5}  {:>9}  {:>9}  {:>13}  {:>13}  {:>8}  {}\n", "input", width, "verdict",
                   "compared", "kinks", "relative", "absolute", "analytic", "numeric", "step", "worst at");
  for (const InputReport& r : report.inputs)
    s += fmt::format("{:<{}}  {:<7}  {:>8}  {:>5}  {:>9.2e}  {:>9.2e}  {:>13.6g}  {:>13.6g}  {:>8.1e}  {}\n", r.name,
                     width, name(r.verdict), r.compared, r.kinks, r.relative, r.absolute, r.analytic, r.numeric, r.step,
                     r.at);
  for (const InputReport& r : report.inputs)
    if (r.verdict != Verdict::pass) s += fmt::format("{}: {}\n", r.name, r.why);
  return s;
}

GradcheckReport gradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs,
                          const GradcheckOptions& options) {
  return check_module(f, {}, inputs, options);
}

GradcheckReport gradgradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs,
                              const GradcheckOptions& options) {
  GradcheckOptions second = options;
  second.order = 2;
  return check_module(f, {}, inputs, second);
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
    if (!p.is_leaf())
      throw Error(
          fmt::format("check_module: parameter {}, {}, is the result of an op, expected a leaf", i, describe(p)));
    leaves.push_back(p);
  }
  return check([&] { return f(copies); }, leaves, options);
}

}  // namespace gradus
