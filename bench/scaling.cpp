#include <gradus/bench/scaling.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/foundation/memory.h>

namespace gradus::bench {

namespace {

// The changes that make the points.
std::vector<std::vector<std::string>> grown(const StepSetup& given, Over over) {
  const auto quarter = [](Index n) { return std::max<Index>(1, n / 4); };
  std::vector<std::vector<std::string>> all;
  if (over == Over::vocabulary) {
    for (const Index words : {64, 256, 1024, 4096, 16000, 64000}) all.push_back({fmt::format("vocabulary={}", words)});
    return all;
  }
  for (Index factor = 1; factor <= 16; factor *= 2) {
    if (over == Over::batch) {
      all.push_back({fmt::format("batch={}", factor * quarter(given.run.train.batch))});
    } else if (over == Over::length) {
      all.push_back({fmt::format("source={}", factor * quarter(given.source)),
                     fmt::format("target={}", factor * quarter(given.target))});
    } else {
      all.push_back({fmt::format("layers={}", factor)});
    }
  }
  return all;
}

}  // namespace

std::vector<std::string> over_names() { return {"batch", "length", "vocabulary", "layers"}; }

std::vector<ScalingPoint> measure_scaling(const std::string& model, const std::string& size,
                                          const std::vector<std::string>& changes, Over over, double seconds) {
  std::vector<ScalingPoint> points;
  for (const std::vector<std::string>& growth : grown(step_setup(model, size, changes), over)) {
    std::vector<std::string> sizes = changes;
    sizes.insert(sizes.end(), growth.begin(), growth.end());
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
