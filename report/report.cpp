#include <gradus/report/report.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include <gradus/files/internal/file_replacement.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/report/internal/json_text.h>
#include <gradus/report/internal/run_json.h>
#include <gradus/report/page.h>
#include <gradus/train/settings.h>

namespace gradus::report {
namespace {

namespace fs = std::filesystem;

// The last parts of the paths, as many as the runs need to have different names.
std::vector<std::string> names_of(const std::vector<fs::path>& runs) {
  std::vector<std::string> names(runs.size());
  std::vector<fs::path> rest;
  for (const fs::path& run : runs) {
    const fs::path path = fs::absolute(run).lexically_normal();
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
  } while (!different() &&
           std::any_of(rest.begin(), rest.end(), [](const fs::path& path) { return path.has_filename(); }));
  return names;
}

std::string help_json() {
  std::vector<std::string> rows;
  for (const train::Setting& s : train::settings())
    rows.push_back(json_list({files::json_string(s.key), files::json_string(s.help)}));
  return json_list(rows);
}

}  // namespace

std::string report_json(const std::vector<fs::path>& runs, const ReportOptions& options, train::Progress& progress) {
  if (runs.empty()) throw Error("a report needs at least one run");
  const std::vector<std::string> names = names_of(runs);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < runs.size(); ++i)
    texts.push_back(run_json(runs[i], names[i], runs.size(), options, progress));
  return json_object(
      {{"program", files::json_string(options.program)},
       {"written", files::json_string(fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr))))},
       {"help", help_json()},
       {"runs", json_list(texts)}});
}

void write_report(const std::vector<fs::path>& runs, const fs::path& file, const ReportOptions& options,
                  train::Progress& progress) {
  const std::string data = report_json(runs, options, progress);
  files::replace_file(file, page(fmt::format("{} – gradus report", fmt::join(names_of(runs), ", ")), data));
}

}  // namespace gradus::report
