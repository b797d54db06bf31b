#include <gradus/bench/scaling.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/foundation/memory.h>

namespace gradus::bench {

std::vector<ScalingPoint> measure_scaling(const std::string& model, const std::string& size,
                                          const std::vector<std::string>& changes, Over over, double seconds) {
  const StepSetup given = step_setup(model, size, changes);
  const auto quarter = [](Index n) { return std::max<Index>(1, n / 4); };
  std::vector<ScalingPoint> points;
  for (Index factor = 1; factor <= 16; factor *= 2) {
    std::vector<std::string> sizes = changes;
    if (over == Over::batch) {
      sizes.push_back(fmt::format("batch={}", factor * quarter(given.run.train.batch)));
    } else {
      sizes.push_back(fmt::format("source={}", factor * quarter(given.source)));
      sizes.push_back(fmt::format("target={}", factor * quarter(given.target)));
    }
    points.push_back({.setup = step_setup(model, size, sizes)});
  }
  for (ScalingPoint& point : points) {
    memory::reset_peak();
    const StepTimes times = time_steps(point.setup, seconds);
    point.peak = static_cast<double>(memory::peak());
    point.seconds = times.step.median();
    point.products = times.products;
    point.weights = sizeof(float) * cost_of(point.setup).attention_weights;
  }
  return points;
}

}  // namespace gradus::bench
