#include <gradus/report/run_progress.h>

#include <algorithm>
#include <variant>

#include <gradus/train/run_directory.h>
#include <gradus/train/settings.h>
#include <gradus/train/trainer.h>

namespace gradus::report {
namespace {

double last_of(const Curve* curve, bool steps) {
  if (curve == nullptr) return 0;
  return steps ? curve->steps.back() : curve->values.back();
}

double value_at(const Curve* curve, double step) {
  if (curve == nullptr) return 0;
  const auto at = std::find(curve->steps.begin(), curve->steps.end(), step);
  return at == curve->steps.end() ? 0 : curve->values[static_cast<std::size_t>(at - curve->steps.begin())];
}

// Steps are whole numbers below 2^53 in files of the trainer. Of other files, larger ones count as that.
Index whole(double value) { return value > 0 ? static_cast<Index>(std::min(value, 9e15)) : 0; }

train::Position position_of(const RunProgress& run) {
  train::Position position;
  const Curve *epoch = find_curve(run.curves, "epoch"), *best = find_curve(run.curves, "best");
  position.step = whole(last_of(epoch, true));
  position.epoch = whole(last_of(epoch, false));
  if (best == nullptr) return position;
  position.validated = whole(best->steps.back());
  const auto found = std::find(best->values.rbegin(), best->values.rend(), 1.0);
  position.stale = found - best->values.rbegin();
  if (found == best->values.rend()) return position;
  const double step = best->steps[static_cast<std::size_t>(best->values.rend() - found - 1)];
  position.best_step = whole(step);
  position.best = value_at(find_curve(run.curves, best_name(run.config)), step);
  return position;
}

// The steps of an epoch, by the last line at which the number of epochs changed; 0 before an epoch ended.
double steps_of_epoch(const Curve* epochs) {
  double before = 0, steps = 0;
  for (std::size_t i = 0; epochs != nullptr && i < epochs->values.size(); ++i) {
    const double now = epochs->values[i];
    if (now > before) steps = epochs->steps[i] / now;
    before = now;
  }
  return steps;
}

Index planned_steps(const train::TrainConfig& config, const std::vector<Curve>& curves) {
  const Index by_epochs = whole(static_cast<double>(config.epochs) * steps_of_epoch(find_curve(curves, "epoch")));
  if (by_epochs == 0) return config.steps;
  const Index least = std::max(by_epochs, config.min_steps);
  return config.steps > 0 ? std::min(config.steps, least) : least;
}

// Of at most the last 20 lines.
std::optional<double> rate(const Curve* seconds) {
  if (seconds == nullptr) return {};
  const std::size_t lines = std::min<std::size_t>(seconds->values.size(), 20), last = seconds->values.size() - 1,
                    first = last + 1 - lines;
  const double passed = lines > 1 ? seconds->values[last] - seconds->values[first] : seconds->values[last],
               steps = lines > 1 ? seconds->steps[last] - seconds->steps[first] : seconds->steps[last];
  if (!(passed > 0) || !(steps > 0)) return {};
  return steps / passed;
}

}  // namespace

std::string best_name(const train::RunConfig& config) {
  return "valid_" + std::get<std::string>(train::setting_named("train.best_by").get(config));
}

RunProgress read_progress(const std::filesystem::path& path) {
  const train::RunDirectory directory = train::RunDirectory::open(path);
  RunProgress run{.config = train::read_config(directory.config())};
  std::vector<Curve> times;
  if (std::filesystem::exists(directory.metrics())) run.curves = read_curves(directory.metrics());
  if (std::filesystem::exists(directory.times())) times = read_curves(directory.times());
  run.position = position_of(run);
  run.complete = train::is_complete(run.config.train, run.position);
  run.steps = planned_steps(run.config.train, run.curves);
  run.steps_per_second = rate(find_curve(times, "seconds"));
  if (!run.complete && run.steps > 0 && run.steps_per_second) {
    run.seconds_left = static_cast<double>(std::max<Index>(run.steps - run.position.step, 0)) / *run.steps_per_second;
  }
  if (Curve speed = speed_of(times); !speed.values.empty()) run.curves.push_back(std::move(speed));
  return run;
}

}  // namespace gradus::report
