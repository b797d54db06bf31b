#include "train/run_directory.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "train/file_replacement.h"

namespace gradus::train {
namespace fs = std::filesystem;

namespace {

fs::path nearest_existing(const fs::path& path) {
  std::error_code ignored;
  fs::path at = fs::absolute(path).lexically_normal();
  while (!fs::exists(at, ignored) && at.has_relative_path()) at = at.parent_path();
  return at;
}

[[noreturn]] void refuse(const fs::path& path, const std::string& reason) {
  throw Error(fmt::format("cannot make the run directory {}: {}", path.string(), reason));
}

}  // namespace

void RunDirectory::check(const fs::path& path, bool overwrite) {
  if (path.empty()) throw Error("the path of the run directory is empty");
  std::error_code problem;
  const fs::file_status status = fs::status(path, problem);
  if (status.type() == fs::file_type::none) refuse(path, problem.message());
  if (fs::exists(status)) {
    if (!fs::is_directory(status)) refuse(path, "it is a file");
    if (fs::exists(RunDirectory(path).config(), problem)) {
      if (!overwrite) {
        throw Error(fmt::format("{} holds a run already: choose another folder, or replace it with --overwrite",
                                path.string()));
      }
    } else if (!fs::is_empty(path, problem) || problem) {
      throw Error(fmt::format("{} is not empty and holds no run: choose another folder", path.string()));
    }
  }
  const fs::path home = nearest_existing(path);
  if (!fs::is_directory(home, problem)) refuse(path, home.string() + " is not a folder");
  if (::access(home.c_str(), W_OK | X_OK) != 0)
    refuse(path, fmt::format("{}: {}", home.string(), std::strerror(errno)));
}

RunDirectory RunDirectory::create(const fs::path& path, const RunConfig& config, const data::Vocabulary& source,
                                  const data::Vocabulary& target, bool overwrite) {
  check(path, overwrite);
  const fs::path home = nearest_existing(path);
  const RunDirectory run(path);
  try {
    std::error_code problem;
    fs::create_directories(path, problem);
    if (problem) refuse(path, problem.message());
    run.remove_files();
    source.save(run.source_vocabulary());
    target.save(run.target_vocabulary());
    replace_file(run.metrics(), "");
    replace_file(run.config(), to_toml(config));
  } catch (...) {
    std::error_code ignored;
    run.remove_files();
    for (fs::path made = fs::absolute(path).lexically_normal(); made != home && made.has_relative_path();
         made = made.parent_path()) {
      fs::remove(made, ignored);
    }
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
