#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/data/vocabulary.h>
#include <gradus/train/config.h>

namespace gradus::train {

class DirectoryLock;

/// Which files of an older run a new run may replace: none, those of a run that was interrupted during its creation
/// (without configuration and checkpoint), or all.
enum class Replace { nothing, unmade, run };

/// The folder of a run: configuration, both vocabularies and the models of their sub-words (a model of images has
/// none), metrics and times as JSON lines, how it was started, the best and the last checkpoint, the newest train.keep
/// ones and the best train.keep_best ones. The folder stays locked while a copy of an object from `create` or `reopen`
/// exists.
class RunDirectory {
 public:
  /// Throws Error unless a run can be created at `path`: it does not exist, is an empty folder, or holds an older run
  /// that `replace` allows and no trainer uses. A link to nothing is refused. Changes nothing. Call it before long
  /// work.
  static void check(const std::filesystem::path& path, Replace replace);

  /// Creates the folder and writes configuration and vocabularies, those of a model of images excepted, after removing
  /// the files of an older run that `replace` allows. `write` then adds other files, before the configuration makes the
  /// folder a run. Throws Error as `check` does and when a write fails; then no new file is left.
  static RunDirectory create(const std::filesystem::path& path, const RunConfig& config, const data::Vocabulary& source,
                             const data::Vocabulary& target, Replace replace = Replace::nothing,
                             const std::function<void(const RunDirectory&)>& write = {});

  /// Whether `path` holds a run: a folder with config.toml and a vocabulary or metrics.jsonl.
  static bool exists(const std::filesystem::path& path);

  /// An existing run, to read. Throws Error when `path` is no run or cannot be read, and when a file of it is a link, a
  /// pipe or the like, or has another name: a run from elsewhere could reach other files with it.
  static RunDirectory open(const std::filesystem::path& path);

  /// An existing run, to train on. Removes unfinished files of a killed trainer. Throws Error as `open` does and when
  /// another trainer uses the run.
  static RunDirectory reopen(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }                         // the folder
  std::filesystem::path config() const { return path_ / "config.toml"; }              // settings
  std::filesystem::path source_vocabulary() const { return path_ / "source.vocab"; }  // tokens of sources
  std::filesystem::path target_vocabulary() const { return path_ / "target.vocab"; }  // tokens of targets
  std::filesystem::path source_sub_words() const { return path_ / "source.model"; }   // sub-words of sources
  std::filesystem::path target_sub_words() const { return path_ / "target.model"; }   // sub-words of targets
  std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }           // losses and validations
  std::filesystem::path times() const { return path_ / "times.jsonl"; }               // as TimesLog writes it
  std::filesystem::path provenance() const { return path_ / "provenance.json"; }      // a Provenance
  std::filesystem::path report() const { return path_ / "report.html"; }              // a page about the run
  std::filesystem::path profile() const { return path_ / "profile.json"; }            // of a training step
  std::filesystem::path best() const { return path_ / "best.safetensors"; }           // the best validated model
  std::filesystem::path last() const { return path_ / "last.safetensors"; }           // the state to continue from

  /// The vocabularies, with the models of their sub-words where the configuration has them. Throws Error when a file
  /// cannot be read, has a defect, or is a link or the like.
  data::Vocabulary read_source_vocabulary(const RunConfig& config) const;
  data::Vocabulary read_target_vocabulary(const RunConfig& config) const;

  /// The file for the state after a step, with train.keep.
  std::filesystem::path kept(Index step) const;
  /// The existing kept checkpoints, in the order of their steps.
  std::vector<std::filesystem::path> kept() const;
  /// The same for the model after a step, with train.keep_best.
  std::filesystem::path kept_best(Index step) const;
  std::vector<std::filesystem::path> kept_best() const;

  /// Whether the lock keeps other trainers out; false where the file system has no locks.
  bool locked() const;
  /// Call it before writing, while the lock is held. Throws Error when `path` no longer refers to this folder.
  void check_place() const;

 private:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  static RunDirectory lock(const std::filesystem::path& path);
  void remove_files() const;
  std::vector<std::filesystem::path> steps_of(std::string_view prefix) const;

  std::filesystem::path path_;
  std::shared_ptr<const DirectoryLock> lock_;
};

}  // namespace gradus::train
