#include <gradus/report/internal/run_json.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include <gradus/files/internal/json.h>
#include <gradus/files/internal/regular_input.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/models/registry.h>
#include <gradus/report/curves.h>
#include <gradus/report/images_json.h>
#include <gradus/report/internal/json_text.h>
#include <gradus/report/pairs_json.h>
#include <gradus/report/profile.h>
#include <gradus/report/tensors_json.h>
#include <gradus/train/provenance.h>
#include <gradus/train/run.h>
#include <gradus/train/settings.h>

namespace gradus::report {
namespace {

// Of a page, shared by its runs.
constexpr std::size_t bytes_of_curves = 500'000, bytes_of_attention = 800'000;
constexpr std::size_t bytes_of_point = 16, most_points = 1000, least_points = 50;

class RunJson {
 public:
  RunJson(const std::filesystem::path& path, std::size_t count, const ReportOptions& options, train::Progress& progress)
      : directory_(train::RunDirectory::open(path)),
        config_(train::read_config(directory_.config())),
        count_(count),
        options_(options),
        progress_(progress),
        provenance_(train::read_provenance(directory_)) {}

  std::string text(const std::string& name) {
    std::vector<Curve> curves, times;
    if (std::filesystem::exists(directory_.metrics())) curves = read_curves(directory_.metrics());
    if (std::filesystem::exists(directory_.times())) times = read_curves(directory_.times());
    if (times.empty()) notes_.push_back("It has no times.jsonl: speed and minutes are unknown.");
    if (!provenance_)
      notes_.push_back("It has no provenance.json: its command, its machine and the origins of settings are unknown.");
    const std::string best_step = best_step_of(curves);
    if (Curve speed = speed_of(times); !speed.values.empty()) curves.push_back(std::move(speed));
    std::erase_if(curves, [](const Curve& c) { return c.name == "best" || c.name == "epoch"; });

    std::string tensors = "null", pairs = "null", images = "null", parameters = "null";
    load(name);
    if (run_) {
      parameters = fmt::format("{}", run_->store->count());
      if (run_->classifier) {
        const ReportImages found = find_images();
        tensors = tensors_json(*run_, loss_on(*run_, found.images));
        if (found.images.images.count > 0) {
          progress_.line(fmt::format("{}: classifying {} images", name, found.images.images.count));
          images = images_json(*run_, found, bytes_of_attention / count_);
        }
      } else {
        const ReportPairs found = find_pairs();
        progress_.line(fmt::format("{}: decoding {} sources", name, found.sets.size()));
        tensors = tensors_json(*run_, loss_on(*run_, found.sets));
        if (!found.sets.empty()) pairs = pairs_json(*run_, found, bytes_of_attention / count_);
      }
    }
    return json_object(
        {{"name", files::json_string(name)},
         {"path", options_.paths ? files::json_string(files::shown(directory_.path().string(), 4096)) : "null"},
         {"model", files::json_string(config_.model.model)},
         {"summary", files::json_string(summary())},
         {"parameters", parameters},
         {"best_step", best_step},
         {"curves", curves_json(curves)},
         {"seconds", seconds_json(times)},
         {"settings", settings_json()},
         {"provenance", provenance_json()},
         {"profile", profile_of(directory_)},
         {"tensors", tensors},
         {"pairs", pairs},
         {"images", images},
         {"notes", json_strings(notes_)}});
  }

 private:
  std::string summary() const {
    const std::vector<std::string> names = models::model_names();
    const bool known = std::find(names.begin(), names.end(), config_.model.model) != names.end();
    return known ? models::model_info(config_.model.model).summary : "";
  }

  static std::string best_step_of(const std::vector<Curve>& curves) {
    double step = 0;
    for (const Curve& curve : curves) {
      if (curve.name != "best") continue;
      for (std::size_t i = 0; i < curve.values.size(); ++i)
        if (curve.values[i] == 1) step = curve.steps[i];
    }
    return step > 0 ? files::json_number(step) : "null";
  }

  // The model of the best checkpoint.
  void load(const std::string& name) {
    if (options_.pairs == 0) return;
    try {
      progress_.line(fmt::format("{}: reading the model", name));
      run_.emplace(train::load_run(directory_, train::Which::best, train::Reads::both));
    } catch (const Error& e) {
      notes_.push_back(fmt::format("Its model cannot be read, so outputs and parameters are missing: {}", e.what()));
    }
  }

  ReportPairs find_pairs() {
    try {
      ReportPairs pairs = options_.dataset != nullptr ? ReportPairs{"validation pairs", options_.dataset->references}
                                                      : report_pairs(*run_, options_.test, options_.test_target, {});
      const std::size_t all = pairs.sets.size();
      pairs.sets = spread(pairs.sets, options_.pairs);
      if (pairs.sets.size() < all) pairs.origin += fmt::format(", {} of {} sources", pairs.sets.size(), all);
      return pairs;
    } catch (const Error& e) {
      notes_.push_back(fmt::format(
          "Its pairs cannot be read, so outputs, attention and gradients are missing; gradus report --test FILE takes "
          "others. {}",
          e.what()));
      return {};
    }
  }

  ReportImages find_images() {
    try {
      ReportImages found = options_.dataset != nullptr
                               ? ReportImages{"validation images", options_.dataset->valid_images}
                               : report_images(*run_, options_.test, options_.labels);
      const Index all = found.images.images.count;
      found.images = spread(found.images, options_.pairs);
      if (found.images.images.count < all)
        found.origin += fmt::format(", {} of {} images", found.images.images.count, all);
      return found;
    } catch (const Error& e) {
      notes_.push_back(fmt::format(
          "Its images cannot be read, so classes, attention and gradients are missing; gradus report --test IMAGES "
          "--labels LABELS takes others. {}",
          e.what()));
      return {};
    }
  }

  std::string curves_json(const std::vector<Curve>& curves) const {
    const std::size_t points = std::clamp(
        bytes_of_curves / bytes_of_point / count_ / std::max<std::size_t>(curves.size(), 1), least_points, most_points);
    std::vector<std::string> texts;
    for (const Curve& curve : curves) {
      const Curve thin = thinned(curve, points);
      texts.push_back(json_object({{"name", files::json_string(curve.name)},
                                   {"points", fmt::format("{}", curve.values.size())},
                                   {"steps", json_numbers(thin.steps)},
                                   {"values", json_numbers(thin.values)}}));
    }
    return json_list(texts);
  }

  static std::string seconds_json(const std::vector<Curve>& times) {
    Curve seconds;
    for (const Curve& curve : times)
      if (curve.name == "seconds") seconds = thinned(curve, least_points);
    return json_object({{"steps", json_numbers(seconds.steps)}, {"values", json_numbers(seconds.values)}});
  }

  std::string settings_json() const {
    const train::RunConfig defaults;
    std::vector<std::string> rows;
    for (const train::Setting& s : train::settings()) {
      std::string origin = s.get(config_) == s.get(defaults) ? "default" : "not recorded";
      if (provenance_) {
        const auto at = provenance_->origins.find(s.key);
        origin = at != provenance_->origins.end() ? at->second : origin == "default" ? origin : "the data";
      }
      rows.push_back(json_strings({s.key, train::to_toml(s.get(config_)), origin}));
    }
    return json_list(rows);
  }

  std::string provenance_json() const {
    if (!provenance_) return "null";
    const train::Provenance* found = &*provenance_;
    return json_object({{"command", files::json_string(found->command)},
                        {"folder", files::json_string(found->folder)},
                        {"program", files::json_string(found->program)},
                        {"compiler", files::json_string(found->compiler)},
                        {"system", files::json_string(found->system)},
                        {"processor", files::json_string(found->processor)},
                        {"processors", fmt::format("{}", found->processors)},
                        {"threads", fmt::format("{}", found->threads)},
                        {"blas", files::json_string(found->blas)},
                        {"started", files::json_string(found->started)}});
  }

  static std::string profile_of(const train::RunDirectory& directory) {
    const std::filesystem::path file = directory.profile();
    if (!std::filesystem::exists(file)) return "null";
    files::RegularInput in(file, files::Names::one);
    return profile_json(read_profile({std::istreambuf_iterator<char>(in), {}}, file.string()));
  }

  train::RunDirectory directory_;
  train::RunConfig config_;
  std::size_t count_;
  const ReportOptions& options_;
  train::Progress& progress_;
  std::optional<train::Provenance> provenance_;
  std::optional<train::Run> run_;
  std::vector<std::string> notes_;
};

}  // namespace

std::string run_json(const std::filesystem::path& path, const std::string& name, std::size_t count,
                     const ReportOptions& options, train::Progress& progress) {
  return RunJson(path, count, options, progress).text(name);
}

}  // namespace gradus::report
