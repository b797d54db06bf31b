#include <gradus/autograd/checks/internal/verdicts.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace gradus {

namespace {

std::string reason_of_failure(const Evidence& evidence, const Comparison& worst) {
  if (!std::isfinite(worst.analytic)) return "backward gave a value that is not finite";
  if (worst.numeric.kink) return "backward's value is outside of the slopes on the two sides of the kink";
  if (worst.numeric.error > std::fabs(worst.analytic - worst.numeric.value)) {
    return fmt::format("the differences do not settle (uncertain by {:.2g}): f is rough or steep here, move the inputs",
                       worst.numeric.error);
  }
  if (evidence.has_gradient) return "backward and differences disagree";
  return evidence.has_graph ? "f depends on this input, but backward gives it no gradient"
                            : "f depends on this input, but its result has no graph (detach, NoGrad or mutable_data?)";
}

}  // namespace

void judge(const Evidence& evidence, double relative, InputReport& report) {
  double scale = evidence.usual;
  for (const Comparison& c : evidence.comparisons)
    scale = std::max({scale, std::fabs(c.analytic), std::fabs(c.numeric.value)});
  const Comparison* worst = nullptr;
  bool visible = false;  // a derivative is larger than the rounding of f's values
  for (const Comparison& c : evidence.comparisons) {
    const differences::Slope& n = c.numeric;
    const double larger = std::max(std::fabs(c.analytic), std::fabs(n.value)), size = std::max(larger, 1e-3 * scale),
                 off = std::fabs(c.analytic - n.value);
    ++report.compared;
    if (n.kink && off <= 0.5 * std::fabs(n.high - n.low) * (1 + 1e-6) + relative * size) {
      ++report.kinks;
      continue;
    }
    visible = visible || larger > n.noise;
    const double excess = !std::isfinite(off) ? std::numeric_limits<double>::infinity()
                          : off > n.noise     ? (off - n.noise) / size
                                              : 0;
    if (worst && excess <= report.relative) continue;
    worst = &c;
    report.at = c.at;
    report.analytic = c.analytic;
    report.numeric = n.value;
    report.absolute = off;
    report.relative = excess;
    report.step = n.step;
  }
  const auto give = [&report](Verdict v, const std::string& why) {
    report.verdict = v;
    report.why = why;
  };
  if (report.relative > relative)
    give(Verdict::fail, reason_of_failure(evidence, *worst));
  else if (evidence.not_finite > 0)
    give(Verdict::vacuous, fmt::format("f is not finite near the point, at {} of its elements", evidence.not_finite));
  else if (report.kinks > 0)
    give(Verdict::kink, fmt::format("{} of {} derivatives are taken at a kink", report.kinks, report.compared));
  else if (report.compared == 0)
    give(Verdict::vacuous, "there is no element to compare");
  else if (visible)
    give(Verdict::pass, fmt::format("{} derivatives agree", report.compared));
  else if (evidence.zero_is_right)
    give(Verdict::pass, "zero, as expected");
  else if (scale == 0)
    give(Verdict::vacuous, "the gradient is zero everywhere: f does not depend on this input here");
  else
    give(Verdict::vacuous, fmt::format("the largest derivative, {:.3g}, is lost in the rounding of f's values", scale));
}

Verdict worst_verdict(const std::vector<InputReport>& inputs) {
  Verdict worst = Verdict::pass;
  for (const Verdict v : {Verdict::kink, Verdict::vacuous, Verdict::fail}) {
    for (const InputReport& r : inputs)
      if (r.verdict == v) worst = v;
  }
  return worst;
}

}  // namespace gradus
