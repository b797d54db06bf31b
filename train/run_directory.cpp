#include <gradus/train/run_directory.h>

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

#include <gradus/files/internal/file_replacement.h>
#include <gradus/files/internal/regular_file.h>
#include <gradus/train/images.h>
#include <gradus/train/internal/directory_lock.h>

namespace gradus::train {
namespace fs = std::filesystem;

namespace {

fs::path nearest_existing(const fs::path& path) {
  std::error_code ignored;
  fs::path at = fs::absolute(path).lexically_normal();
  while (!fs::exists(at, ignored) && at.has_relative_path()) at = at.parent_path();
  return at;
}

constexpr std::string_view kept_prefix = "step-", best_prefix = "best-", kept_suffix = ".safetensors";

// Whether this is the name of a kept checkpoint: the prefix, the number of a step, the suffix.
bool is_kept(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || !name.ends_with(kept_suffix)) return false;
  name.remove_prefix(prefix.size());
  name.remove_suffix(std::min(name.size(), kept_suffix.size()));
  return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_checkpoint(const fs::path& file) { return file.extension() == kept_suffix; }

bool is_temporary(std::string_view name) { return name.ends_with(files::temporary_suffix); }

// Whether a file of this name can belong to a run.
bool is_ours(std::string_view name) {
  constexpr std::array names{"config.toml",      "source.vocab",     "target.vocab", "source.model",
                             "target.model",     "metrics.jsonl",    "times.jsonl",  "provenance.json",
                             "best.safetensors", "last.safetensors", "report.html",  "profile.json"};
  if (is_temporary(name)) name.remove_suffix(files::temporary_suffix.size());
  return is_kept(name, kept_prefix) || is_kept(name, best_prefix) ||
         std::find(names.begin(), names.end(), name) != names.end();
}

// The entries of the folder with a name of a run's file.
std::vector<fs::directory_entry> our_entries(const fs::path& folder) {
  std::vector<fs::directory_entry> entries;
  std::error_code problem;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem))
    if (is_ours(at->path().filename().string())) entries.push_back(*at);
  return entries;
}

// The files of a run in the folder, and links in their place, without other files.
std::vector<fs::path> our_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : our_entries(folder)) {
    std::error_code ignored;
    const fs::file_type type = entry.symlink_status(ignored).type();
    if (type == fs::file_type::regular || type == fs::file_type::symlink) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Removes `path` and the folders above it up to `home` if they are empty folders.
void remove_folders(const fs::path& path, const fs::path& home) {
  for (fs::path made = fs::absolute(path).lexically_normal(); made != home && made.has_relative_path();
       made = made.parent_path())
    ::rmdir(made.c_str());
}

[[noreturn]] void refuse(const fs::path& path, const std::string& reason) {
  throw Error(fmt::format("cannot make the run directory {}: {}", path.string(), reason));
}

// Throws when `path` or a folder above it is a link to nothing.
void check_links(const fs::path& path) {
  std::error_code ignored;
  for (fs::path at = fs::absolute(path).lexically_normal(); at.has_relative_path() && !fs::exists(at, ignored);
       at = at.parent_path()) {
    if (!fs::is_symlink(at, ignored)) continue;
    refuse(path, fmt::format("{} is a link to {}, which does not exist", at.string(),
                             fs::read_symlink(at, ignored).string()));
  }
}

// Throws unless a new run may replace the contents of `path`.
void check_contents(const fs::path& path, Replace replace) {
  if (path.empty()) throw Error("the path of the run directory is empty");
  std::error_code problem;
  const fs::file_status status = fs::status(path, problem);
  if (status.type() == fs::file_type::none) refuse(path, problem.message());
  if (!fs::exists(status)) return;
  if (!fs::is_directory(status)) refuse(path, "it is a file");
  if (RunDirectory::exists(path)) {
    if (replace == Replace::run) return;
    throw Error(fmt::format("{} holds a run already: {}", path.string(),
                            replace == Replace::unmade ? "start again to continue it"
                                                       : "choose another folder, or replace it with --overwrite"));
  }
  if (fs::exists(path / "config.toml", problem))
    throw Error(fmt::format("{} holds a config.toml that belongs to no run: choose another folder", path.string()));
  const std::vector<fs::path> files = our_files(path);
  if (std::distance(fs::directory_iterator(path, problem), {}) != std::ssize(files) || problem)
    throw Error(fmt::format("{} is not empty and holds no run: choose another folder", path.string()));
  const bool checkpoints = std::any_of(files.begin(), files.end(), is_checkpoint);
  if (files.empty() || replace == Replace::run || (replace == Replace::unmade && !checkpoints)) return;
  throw Error(fmt::format("{} holds {} and no config.toml: replace {} with --overwrite, or choose another folder",
                          path.string(), checkpoints ? "checkpoints" : "a partial run", checkpoints ? "them" : "it"));
}

data::Vocabulary read_vocabulary(const fs::path& file, const fs::path& sub_words, TokensOf tokens) {
  files::check_regular(file);
  if (tokens != TokensOf::sentencepiece) return data::Vocabulary::load(file);
  files::check_regular(sub_words);
  return data::Vocabulary::load(file, sub_words);
}

}  // namespace

void RunDirectory::check(const fs::path& path, Replace replace) {
  check_contents(path, replace);
  check_links(path);
  if (!our_files(path).empty()) const DirectoryLock probe(path);
  const fs::path home = nearest_existing(path);
  std::error_code problem;
  if (!fs::is_directory(home, problem)) refuse(path, home.string() + " is not a folder");
  if (::access(home.c_str(), W_OK | X_OK) != 0)
    refuse(path, fmt::format("{}: {}", home.string(), std::strerror(errno)));
}

RunDirectory RunDirectory::create(const fs::path& path, const RunConfig& config, const data::Vocabulary& source,
                                  const data::Vocabulary& target, Replace replace,
                                  const std::function<void(const RunDirectory&)>& write) {
  check(path, replace);
  const fs::path home = nearest_existing(path);
  std::error_code problem;
  fs::create_directories(path, problem);
  if (problem) {
    remove_folders(path, home);
    refuse(path, problem.message());
  }
  const RunDirectory run = lock(path);
  check_contents(path, replace);  // another process may have created a run since
  try {
    run.remove_files();
    if (!reads_images(config)) {
      files::replace_file(run.source_vocabulary(), source.to_text());
      files::replace_file(run.target_vocabulary(), target.to_text());
    }
    if (source.sub_words() != nullptr) files::replace_file(run.source_sub_words(), source.sub_words()->bytes());
    if (target.sub_words() != nullptr) files::replace_file(run.target_sub_words(), target.sub_words()->bytes());
    files::replace_file(run.metrics(), "");
    if (write) write(run);
    files::replace_file(run.config(), to_toml(config));
  } catch (...) {
    run.remove_files();
    remove_folders(path, home);
    throw;
  }
  return run;
}

data::Vocabulary RunDirectory::read_source_vocabulary(const RunConfig& config) const {
  return read_vocabulary(source_vocabulary(), source_sub_words(), config.data.source_tokens);
}

data::Vocabulary RunDirectory::read_target_vocabulary(const RunConfig& config) const {
  return read_vocabulary(target_vocabulary(), target_sub_words(), config.data.target_tokens);
}

bool RunDirectory::exists(const fs::path& path) {
  const RunDirectory run(path);
  std::error_code ignored;
  return fs::exists(run.config(), ignored) &&
         (fs::exists(run.source_vocabulary(), ignored) || fs::exists(run.target_vocabulary(), ignored) ||
          fs::exists(run.metrics(), ignored));
}

RunDirectory RunDirectory::open(const fs::path& path) {
  std::error_code problem;
  if (!fs::exists(path, problem) && !problem)
    throw Error(fmt::format("{}: there is no such run directory", path.string()));
  RunDirectory run(path);
  const bool configured = !problem && fs::exists(run.config(), problem);
  if (problem) throw Error(fmt::format("{}: cannot be read: {}", path.string(), problem.message()));
  if (!configured) throw Error(fmt::format("{} is not a run directory: it has no config.toml", path.string()));
  if (!exists(path)) {
    throw Error(fmt::format("{} is not a run directory: beside config.toml it has no vocabulary and no metrics.jsonl",
                            path.string()));
  }
  for (const fs::directory_entry& entry : our_entries(path)) files::check_regular(entry.path());
  return run;
}

RunDirectory RunDirectory::reopen(const fs::path& path) {
  open(path);
  RunDirectory run = lock(path);
  std::error_code ignored;
  for (const fs::path& file : our_files(path))
    if (is_temporary(file.filename().string())) fs::remove(file, ignored);
  return run;
}

RunDirectory RunDirectory::lock(const fs::path& path) {
  RunDirectory run(path);
  run.lock_ = std::make_shared<const DirectoryLock>(path);
  return run;
}

bool RunDirectory::locked() const { return lock_ != nullptr && lock_->held(); }

void RunDirectory::check_place() const { lock_->check_place(); }

fs::path RunDirectory::kept(Index step) const {
  return path_ / fmt::format("{}{:010}{}", kept_prefix, step, kept_suffix);
}

fs::path RunDirectory::kept_best(Index step) const {
  return path_ / fmt::format("{}{:010}{}", best_prefix, step, kept_suffix);
}

std::vector<fs::path> RunDirectory::kept() const { return steps_of(kept_prefix); }

std::vector<fs::path> RunDirectory::kept_best() const { return steps_of(best_prefix); }

std::vector<fs::path> RunDirectory::steps_of(std::string_view prefix) const {
  std::vector<fs::path> files = our_files(path_);
  std::erase_if(files, [&](const fs::path& file) { return !is_kept(file.filename().string(), prefix); });
  return files;
}

void RunDirectory::remove_files() const {
  std::error_code ignored;
  fs::remove(config(), ignored);  // first: a folder without it is not a run
  for (const fs::path& file : our_files(path_)) fs::remove(file, ignored);
}

}  // namespace gradus::train
