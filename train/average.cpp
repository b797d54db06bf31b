#include <gradus/train/average.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include <gradus/data/internal/counted.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/checkpoint.h>
#include <gradus/train/dataset.h>
#include <gradus/train/internal/recorded_settings.h>

namespace gradus::train {
namespace {

constexpr const char* averaged_key = "averaged";

std::vector<RunCheckpoint> some_of(const RunDirectory& run, const std::vector<std::filesystem::path>& files,
                                   Index count, const char* setting) {
  if (std::ssize(files) < count) {
    throw Error(fmt::format("{}: it has kept {}, fewer than {}: {} sets how many a run keeps", run.path().string(),
                            data::counted(std::ssize(files), "such checkpoint"), count, setting));
  }
  std::vector<RunCheckpoint> found;
  for (Index i = 0; i < count; ++i) found.push_back({run, files[static_cast<std::size_t>(i)]});
  return found;
}

// What differs between two vocabularies, or an empty text.
std::string difference(const data::Vocabulary& a, const data::Vocabulary& b) {
  if (a.size() != b.size()) return fmt::format("{} entries and {}", a.size(), b.size());
  for (Index id = 0; id < a.size(); ++id) {
    if (a.token(id) != b.token(id))
      return fmt::format("entry {} is {} and {}", id, files::shown(a.token(id)), files::shown(b.token(id)));
  }
  return a == b ? "" : "their models of sub-words";
}

// Throws when the parameters of `b` do not mean the same as those of `a`.
void check_same(const Run& a, const std::string& a_name, const Run& b, const std::string& b_name) {
  const auto refuse = [&](const std::string& what) {
    throw Error(fmt::format("{} and {} have no mean: {}", a_name, b_name, what));
  };
  for (const SettingChange& change : changed_settings(recorded_settings(a.config), b.config)) {
    if (has_meaning(change.key))
      refuse(fmt::format("{} is {} and {}", change.key, files::shown(change.before), files::shown(change.now)));
  }
  if (const std::string what = difference(a.source, b.source); !what.empty())
    refuse("the source vocabularies differ: " + what);
  if (const std::string what = difference(a.target, b.target); !what.empty())
    refuse("the target vocabularies differ: " + what);
  const std::vector<nn::Parameter>&as = a.store->all(), &bs = b.store->all();
  for (std::size_t i = 0; i < std::max(as.size(), bs.size()); ++i) {
    const bool only_one = i >= as.size() || i >= bs.size() || as[i].path != bs[i].path;
    if (only_one) refuse(fmt::format("only one has the parameter {}", i < as.size() ? as[i].path : bs[i].path));
    if (as[i].tensor.shape() != bs[i].tensor.shape()) {
      refuse(fmt::format("the parameter {} is {} and {}", as[i].path, describe(as[i].tensor), describe(bs[i].tensor)));
    }
  }
}

// Sums of the values of tensors.
class Sums {
 public:
  void add(const std::vector<nn::Parameter>& parameters) {
    sums_.resize(parameters.size());
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Tensor& tensor = parameters[i].tensor;
      sums_[i].resize(static_cast<std::size_t>(tensor.numel()));
      dispatch(tensor.dtype(), [&](auto zero) {
        const auto* values = tensor.data<decltype(zero)>();
        for (std::size_t k = 0; k < sums_[i].size(); ++k) sums_[i][k] += static_cast<double>(values[k]);
      });
    }
    ++count_;
  }

  // Writes the means into floating tensors. Others keep their values.
  void write_means(const std::vector<nn::Parameter>& parameters) const {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Tensor tensor = parameters[i].tensor;
      if (!is_floating(tensor.dtype())) continue;
      dispatch_floating(tensor.dtype(), [&](auto zero) {
        using T = decltype(zero);
        T* values = tensor.mutable_data<T>();
        for (std::size_t k = 0; k < sums_[i].size(); ++k) values[k] = static_cast<T>(sums_[i][k] / count_);
      });
    }
  }

 private:
  std::vector<std::vector<double>> sums_;  // by parameter
  double count_ = 0;
};

}  // namespace

std::vector<RunCheckpoint> last_kept(const RunDirectory& run, Index count) {
  std::vector<std::filesystem::path> files = run.kept();
  if (std::ssize(files) > count) files.erase(files.begin(), files.end() - count);
  return some_of(run, files, count, "train.keep");
}

std::vector<RunCheckpoint> best_kept(const RunDirectory& run, Index count) {
  std::vector<std::filesystem::path> files;
  if (std::filesystem::exists(run.last())) {
    const Position position = position_of(read_checkpoint(run.last()), run.last().string());
    for (const BestValidation& v : position.best_validations) {
      const std::filesystem::path file = run.kept_best(v.step);
      if (std::filesystem::exists(file)) files.push_back(file);
    }
  }
  return some_of(run, files, count, "train.keep_best");
}

Run average(const std::vector<RunCheckpoint>& checkpoints) {
  if (checkpoints.empty()) throw Error("average: there is no checkpoint");
  Run mean = load_run(checkpoints.front().run, checkpoints.front().file);
  Sums sums;
  sums.add(mean.store->all());
  for (auto next = checkpoints.begin() + 1; next != checkpoints.end(); ++next) {
    const Run run = load_run(next->run, next->file);
    check_same(mean, checkpoints.front().file.string(), run, next->file.string());
    sums.add(run.store->all());
  }
  sums.write_means(mean.store->all());
  return mean;
}

RunDirectory save_average(const Run& mean, const std::vector<RunCheckpoint>& checkpoints,
                          const std::filesystem::path& path) {
  files::Safetensors file = pack(*mean.store, {.vocabularies = fingerprint(mean.source, mean.target)});
  file.metadata.merge(recorded_settings(mean.config));
  std::vector<std::string> averaged;
  for (const RunCheckpoint& c : checkpoints) {
    averaged.push_back(fmt::format("{} (step {})", c.file.string(), read_checkpoint(c.file).metadata.at("step")));
  }
  file.metadata[averaged_key] = fmt::format("{}", fmt::join(averaged, "; "));
  return RunDirectory::create(path, mean.config, mean.source, mean.target, Replace::nothing,
                              [&](const RunDirectory& run) { files::write_safetensors(run.best(), file); });
}

bool is_average(const files::Safetensors& checkpoint) { return checkpoint.metadata.contains(averaged_key); }

}  // namespace gradus::train
