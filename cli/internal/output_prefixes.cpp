#include <gradus/cli/internal/output_prefixes.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/data/internal/counted.h>
#include <gradus/data/internal/lines.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/dataset.h>

namespace gradus::cli {
namespace {

std::vector<Index> ids_of(const train::Run& run, std::string_view text, const std::string& place) {
  std::vector<Index> ids;
  for (const std::string& token : run.target.split(train::target_tokens(run.config, text))) {
    ids.push_back(run.target.id(token));
    if (ids.back() == data::unk_id) {
      throw Error(fmt::format("{}: {} is not in the target vocabulary, so no output can begin with it", place,
                              files::shown(token)));
    }
  }
  const Index most = std::min(run.config.decode.max_length, run.model->max_target());
  if (std::ssize(ids) > most) {
    throw Error(fmt::format("{}: it has {}; an output has at most {} (decode.max_length)", place,
                            data::counted(std::ssize(ids), "token"), most));
  }
  return ids;
}

}  // namespace

OutputPrefixes::OutputPrefixes(const train::Run& run, const std::string& text, const std::string& file) : file_(file) {
  if (file.empty()) {
    if (files::find_invalid_utf8(text) != std::string::npos) throw Error("--prefix: the text is not UTF-8");
    prefixes_.push_back(ids_of(run, text, "--prefix"));
    return;
  }
  data::LineReader lines{std::filesystem::path(file)};
  data::Line line;
  while (lines.next(line)) {
    if (const auto flaw = data::flaw_of(line)) {
      throw Error(
          fmt::format("{}:{}:{}: {}", line.path, line.number, files::column_of(line.text, flaw->offset), flaw->reason));
    }
    prefixes_.push_back(ids_of(run, line.text, fmt::format("{}:{}", line.path, line.number)));
  }
}

void OutputPrefixes::check_lines(Index lines, const std::string& sources) const {
  if (file_.empty() || std::ssize(prefixes_) == lines) return;
  throw Error(fmt::format("{} has {}, and {} has {}; expected the beginning of an output per source", file_,
                          data::counted(std::ssize(prefixes_), "line"), sources, data::counted(lines, "line")));
}

const std::vector<Index>& OutputPrefixes::of(Index line) const {
  return file_.empty() ? prefixes_.front() : prefixes_.at(static_cast<std::size_t>(line - 1));
}

}  // namespace gradus::cli
