#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gradus/data/vocabulary.h>
#include <gradus/train/config.h>

namespace gradus::train {

class DirectoryLock;

/// What of an older run in its folder a new one may take the place of: nothing, the files of one that was stopped while
/// it was being made (no configuration and no checkpoint yet), or all that a run is.
enum class Replace { nothing, unmade, run };

/// The folder of a run: the configuration as resolved, both vocabularies, metrics as JSON lines, the checkpoint with
/// the best validation and the last one, and the newest few where train.keep asks for them. Whoever trains in it holds
/// its lock, for as long as a copy of the object made by `create` or `reopen` lives.
class RunDirectory {
 public:
  /// Throws Error unless a run could be made at `path`: it is not there yet, is an empty folder, or holds an older run
  /// that `replace` allows for and nobody trains. Changes nothing; worth calling before long work.
  static void check(const std::filesystem::path& path, Replace replace);

  /// Makes the folder and writes configuration and vocabularies; the files of an older run that `replace` allows for
  /// are removed first. Throws Error as `check` does and when something cannot be written; then nothing new is left
  /// behind.
  static RunDirectory create(const std::filesystem::path& path, const RunConfig& config, const data::Vocabulary& source,
                             const data::Vocabulary& target, Replace replace = Replace::nothing);

  /// Whether `path` holds a run: a folder with a configuration and a vocabulary or metrics, as no other folder has
  /// them.
  static bool exists(const std::filesystem::path& path);

  /// An existing run, to read. Throws Error when `path` is none or cannot be looked into.
  static RunDirectory open(const std::filesystem::path& path);

  /// An existing run, to train on; what a killed trainer left unfinished is removed. Throws Error as `open` does and
  /// when another trainer is at work there.
  static RunDirectory reopen(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config() const { return path_ / "config.toml"; }
  std::filesystem::path source_vocabulary() const { return path_ / "source.vocab"; }
  std::filesystem::path target_vocabulary() const { return path_ / "target.vocab"; }
  std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path best() const { return path_ / "best.safetensors"; }
  std::filesystem::path last() const { return path_ / "last.safetensors"; }

  /// Where train.keep keeps the state after a step.
  std::filesystem::path kept(Index step) const;
  /// The kept checkpoints that are there, by their steps.
  std::vector<std::filesystem::path> kept() const;

  /// Whether other trainers are kept out; false where the file system cannot.
  bool locked() const;
  /// To be called before writing, by who holds the lock: throws Error when another folder, or none, has taken the place
  /// of this one.
  void check_place() const;

 private:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  static RunDirectory lock(const std::filesystem::path& path);
  void remove_files() const;

  std::filesystem::path path_;
  std::shared_ptr<const DirectoryLock> lock_;
};

}  // namespace gradus::train
