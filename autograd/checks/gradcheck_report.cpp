#include <gradus/autograd/checks/gradcheck_report.h>

#include <fmt/format.h>

#include <algorithm>

namespace gradus {

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
  for (const InputReport& r : report.inputs) {
    s += fmt::format("{:<{}}  {:<7}  {:>8}  {:>5}  {:>9.2e}  {:>9.2e}  {:>13.6g}  {:>13.6g}  {:>8.1e}  {}\n", r.name,
                     width, name(r.verdict), r.compared, r.kinks, r.relative, r.absolute, r.analytic, r.numeric, r.step,
                     r.at);
  }
  for (const InputReport& r : report.inputs)
    if (r.verdict != Verdict::pass) s += fmt::format("{}: {}\n", r.name, r.why);
  return s;
}

}  // namespace gradus
