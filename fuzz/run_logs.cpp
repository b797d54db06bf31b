#include <algorithm>
#include <sstream>

#include <gradus/report/curves.h>
#include <gradus/report/profile.h>
#include <gradus/report/text_plot.h>
#include <gradus/train/provenance.h>

#include "fuzz.h"

using namespace gradus;

// The metrics, the provenance and the profile of a run from elsewhere, as `gradus report` and `gradus watch` read them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  fuzz::accepts([&] { train::read_provenance(text, "provenance.json"); });
  fuzz::accepts([&] { report::profile_json(report::read_profile(text, "profile.json")); });
  std::istringstream in(text);
  std::vector<report::Curve> curves;
  fuzz::accepts([&] { curves = report::read_curves(in, "metrics.jsonl"); });
  for (const report::Curve& curve : curves) {
    fuzz::expect(curve.steps.size() == curve.values.size(), "each value has its step", curve.name);
    const report::Curve thin = report::thinned(curve, 4);
    fuzz::expect(thin.values.size() <= 6, "a thinned curve is short", curve.name);
    const auto peak = [](const report::Curve& c) { return *std::max_element(c.values.begin(), c.values.end()); };
    fuzz::expect(peak(thin) == peak(curve), "a thinned curve has the peak", curve.name);
  }
  report::speed_of(curves);
  for (const report::Marks marks : {report::Marks::braille, report::Marks::ascii}) {
    const auto lines = report::text_plot("curves", curves, {.columns = 40, .marks = marks, .last_step = 100});
    fuzz::expect(lines.size() == 1 || lines.size() == 10, "a plot has its rows, a title and an axis", "");
  }
  return 0;
}
