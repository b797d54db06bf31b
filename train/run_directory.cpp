#include "train/run_directory.h"

#include <fmt/format.h>

#include <system_error>

#include "train/file_replacement.h"

namespace gradus::train {
namespace fs = std::filesystem;

void RunDirectory::check(const fs::path& path, bool overwrite) {
  std::error_code problem;
  const fs::file_status status = fs::status(path, problem);
  if (status.type() == fs::file_type::none) {
    throw Error(fmt::format("cannot make the run directory {}: {}", path.string(), problem.message()));
  }
  if (!fs::exists(status)) {
    fs::path parent = fs::absolute(path).parent_path();
    while (!fs::exists(parent, problem) && parent.has_relative_path()) parent = parent.parent_path();
    if (!fs::is_directory(parent, problem)) {
      throw Error(fmt::format("cannot make the run directory {}: {} is not a folder", path.string(), parent.string()));
    }
    return;
  }
  if (!fs::is_directory(status)) throw Error(fmt::format("{} is a file; a run needs a folder", path.string()));
  if (fs::exists(RunDirectory(path).config(), problem)) {
    if (overwrite) return;
    throw Error(
        fmt::format("{} holds a run already: choose another folder, or replace it with --overwrite", path.string()));
  }
  if (!fs::is_empty(path, problem) || problem) {
    throw Error(fmt::format("{} is not empty and holds no run: choose another folder", path.string()));
  }
}

RunDirectory RunDirectory::create(const fs::path& path, const RunConfig& config, const data::Vocabulary& source,
                                  const data::Vocabulary& target, bool overwrite) {
  check(path, overwrite);
  std::error_code problem;
  const bool is_new = fs::create_directories(path, problem);
  if (problem) throw Error(fmt::format("cannot make the run directory {}: {}", path.string(), problem.message()));
  const RunDirectory run(path);
  run.remove_files();
  try {
    source.save(run.source_vocabulary());
    target.save(run.target_vocabulary());
    replace_file(run.metrics(), "");
    replace_file(run.config(), to_toml(config));
  } catch (...) {
    run.remove_files();
    if (is_new) fs::remove(path, problem);
    throw;
  }
  return run;
}

RunDirectory RunDirectory::open(const fs::path& path) {
  std::error_code problem;
  if (!fs::exists(path, problem)) throw Error(fmt::format("{}: there is no such run directory", path.string()));
  RunDirectory run(path);
  if (!fs::exists(run.config(), problem)) {
    throw Error(fmt::format("{} is not a run directory: it has no config.toml", path.string()));
  }
  return run;
}

void RunDirectory::remove_files() const {
  std::error_code ignored;
  for (const fs::path& file : {config(), source_vocabulary(), target_vocabulary(), metrics(), best(), last()}) {
    fs::remove(file, ignored);
  }
}

}  // namespace gradus::train
