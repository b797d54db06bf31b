#include <gradus/report/internal/run_names.h>

#include <algorithm>

#include <gradus/files/internal/utf8.h>

namespace gradus::report {

std::vector<std::string> run_names(const std::vector<std::filesystem::path>& runs) {
  std::vector<std::string> names(runs.size());
  std::vector<std::filesystem::path> rest;
  for (const std::filesystem::path& run : runs) {
    const std::filesystem::path path = std::filesystem::absolute(run).lexically_normal();
    rest.push_back(path.has_filename() ? path : path.parent_path());
  }
  const auto different = [&] {
    std::vector<std::string> sorted = names;
    std::sort(sorted.begin(), sorted.end());
    return std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  };
  do {
    for (std::size_t i = 0; i < runs.size(); ++i) {
      names[i] = files::shown(rest[i].filename().string()) + (names[i].empty() ? "" : "/" + names[i]);
      rest[i] = rest[i].parent_path();
    }
  } while (!different() && std::any_of(rest.begin(), rest.end(),
                                       [](const std::filesystem::path& path) { return path.has_filename(); }));
  return names;
}

}  // namespace gradus::report
