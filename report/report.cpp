#include <gradus/report/report.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include <gradus/files/internal/file_replacement.h>
#include <gradus/files/internal/json.h>
#include <gradus/report/internal/json_text.h>
#include <gradus/report/internal/run_json.h>
#include <gradus/report/internal/run_names.h>
#include <gradus/report/page.h>
#include <gradus/train/settings.h>

namespace gradus::report {
namespace {

namespace fs = std::filesystem;

std::string help_json() {
  std::vector<std::string> rows;
  for (const train::Setting& s : train::settings())
    rows.push_back(json_list({files::json_string(s.key), files::json_string(s.help)}));
  return json_list(rows);
}

}  // namespace

std::string report_json(const std::vector<fs::path>& runs, const ReportOptions& options, train::Progress& progress) {
  if (runs.empty()) throw Error("a report needs at least one run");
  const std::vector<std::string> names = run_names(runs);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < runs.size(); ++i)
    texts.push_back(run_json(runs[i], names[i], runs.size(), options, progress));
  return json_object(
      {{"program", files::json_string(options.program)},
       {"written", files::json_string(fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr))))},
       {"in_training", options.in_training ? "true" : "false"},
       {"help", help_json()},
       {"runs", json_list(texts)}});
}

void write_report(const std::vector<fs::path>& runs, const fs::path& file, const ReportOptions& options,
                  train::Progress& progress) {
  const std::string data = report_json(runs, options, progress);
  files::replace_file(file, page(fmt::format("{} – gradus report", fmt::join(run_names(runs), ", ")), data));
}

}  // namespace gradus::report
