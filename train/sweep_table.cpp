#include <gradus/train/sweep_table.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <variant>

#include <gradus/files/internal/file_replacement.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/dataset.h>
#include <gradus/train/run_directory.h>
#include <gradus/train/sweep.h>
#include <gradus/train/trainer.h>

namespace gradus::train {
namespace fs = std::filesystem;
namespace {

files::JsonValue json_of(const Value& value) {
  return std::visit([](const auto& v) -> files::JsonValue { return v; }, value);
}

SweptRun read_run(const fs::path& path) {
  const RunDirectory directory = RunDirectory::open(path);
  SweptRun run{.name = path.filename().string(), .config = read_config(directory.config())};
  if (fs::exists(directory.last())) {
    run.position = position_of(read_checkpoint(directory.last()), directory.last().string());
    run.complete = is_complete(run.config.train, run.position);
  }
  if (fs::exists(directory.best()))
    for (const files::NamedTensor& t : read_checkpoint(directory.best()).tensors) run.parameters += t.tensor.numel();
  return run;
}

// Whether `a` comes before `b`.
bool is_better(const SweptRun& a, const SweptRun& b) {
  const bool a_validated = a.position.best_step > 0, b_validated = b.position.best_step > 0;
  if (!a_validated || !b_validated) return a_validated && !b_validated;
  return higher_is_better(a.config.train.best_by) ? a.position.best > b.position.best
                                                  : a.position.best < b.position.best;
}

// The name of the value in the column of best values.
std::string measure_of(const std::vector<SweptRun>& runs) {
  const Setting& by = setting_named("train.best_by");
  const bool one = std::all_of(runs.begin(), runs.end(),
                               [&](const SweptRun& run) { return by.get(run.config) == by.get(runs.front().config); });
  return one && !runs.empty() ? std::get<std::string>(by.get(runs.front().config)) : "best";
}

std::string state_of(const SweptRun& run) { return run.complete ? "complete" : "stopped"; }

}  // namespace

std::vector<SweptRun> read_swept_runs(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code problem;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem))
    if (RunDirectory::exists(at->path())) paths.push_back(at->path());
  if (problem) throw Error(fmt::format("{}: cannot be read: {}", folder.string(), problem.message()));
  std::sort(paths.begin(), paths.end());
  std::vector<SweptRun> runs;
  for (const fs::path& path : paths) runs.push_back(read_run(path));
  std::stable_sort(runs.begin(), runs.end(), is_better);
  return runs;
}

std::vector<std::string> differing_settings(const std::vector<SweptRun>& runs) {
  std::vector<std::string> keys;
  for (const Setting& s : settings()) {
    const bool differs = std::any_of(
        runs.begin(), runs.end(), [&](const SweptRun& run) { return s.get(run.config) != s.get(runs.front().config); });
    if (differs && !is_left_to_data(s.key)) keys.push_back(s.key);
  }
  return keys;
}

std::vector<std::vector<std::string>> sweep_rows(const std::vector<SweptRun>& runs) {
  const std::vector<std::string> keys = differing_settings(runs);
  std::vector<std::vector<std::string>> rows{{"run"}};
  rows.front().insert(rows.front().end(), keys.begin(), keys.end());
  rows.front().push_back(measure_of(runs));
  for (const char* heading : {"best step", "steps", "parameters", "state"}) rows.front().emplace_back(heading);
  for (const SweptRun& run : runs) {
    std::vector<std::string> row{run.name};
    for (const std::string& key : keys) row.push_back(plain_text(setting_named(key).get(run.config)));
    const bool validated = run.position.best_step > 0;
    row.push_back(validated ? fmt::format("{:.4f}", run.position.best) : "-");
    row.push_back(validated ? fmt::format("{}", run.position.best_step) : "-");
    row.push_back(fmt::format("{}", run.position.step));
    row.push_back(validated ? fmt::format("{}", run.parameters) : "-");
    row.push_back(state_of(run));
    rows.push_back(std::move(row));
  }
  return rows;
}

void write_sweep_files(const fs::path& folder, const std::vector<SweptRun>& runs) {
  std::string table, objects;
  for (std::vector<std::string> row : sweep_rows(runs)) {
    for (std::string& cell : row) cell = files::shown(cell, cell.size());  // no tab or line break inside
    table += fmt::format("{}\n", fmt::join(row, "\t"));
  }
  const std::vector<std::string> keys = differing_settings(runs);
  for (const SweptRun& run : runs) {
    files::JsonFields fields{{"run", run.name}};
    for (const std::string& key : keys) fields.emplace_back(key, json_of(setting_named(key).get(run.config)));
    fields.emplace_back("best_by", std::get<std::string>(setting_named("train.best_by").get(run.config)));
    if (run.position.best_step > 0) fields.emplace_back("best", run.position.best);
    fields.emplace_back("best_step", run.position.best_step);
    fields.emplace_back("steps", run.position.step);
    fields.emplace_back("parameters", run.parameters);
    fields.emplace_back("complete", run.complete);
    objects += files::json_line(fields) + '\n';
  }
  files::replace_file(folder / "sweep.tsv", table);
  files::replace_file(folder / "sweep.jsonl", objects);
}

}  // namespace gradus::train
