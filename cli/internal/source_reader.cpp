#include <gradus/cli/internal/source_reader.h>

#include <fmt/format.h>

#include <gradus/cli/internal/command.h>
#include <gradus/data/internal/counted.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/dataset.h>
#include <gradus/train/progress.h>

namespace gradus::cli {

using namespace gradus::train;

SourceReader::SourceReader(const Run& run, std::string file)
    : run_(run), file_(std::move(file)), limit_(token_limit(run.config)), features_(has_features(run.config)) {}

Source SourceReader::read(const data::Line& line) {
  if (line.too_long) return leave_out(line, "more than 1 MiB");
  const auto refuse = [&line](std::size_t offset, std::string_view reason) {
    throw Error(fmt::format("{}:{}:{}: {}", line.path, line.number, files::column_of(line.text, offset), reason));
  };
  if (const auto flaw = data::flaw_of(line)) refuse(flaw->offset, flaw->reason);
  const std::size_t tab = line.text.find('\t');
  const std::size_t second = tab == std::string_view::npos ? tab : line.text.find('\t', tab + 1);
  if (!features_ && tab != std::string_view::npos)
    refuse(tab, "a tab; expected only a source per line (cut -f1 extracts it from a file of pairs)");
  if (features_ && tab == std::string_view::npos && !line.text.empty())
    refuse(line.text.size(), "no tab; expected source<TAB>features, as the run was trained with");
  if (second != std::string_view::npos) refuse(second, "a second tab; expected source<TAB>features");
  const data::Tokens tokens = source_tokens(run_.config, line.text);
  const Index length = std::ssize(run_.source.split(tokens));
  if (length > limit_.most) return leave_out(line, limit_.excess(length));
  for (const std::string& token : tokens) ++counts_[token];
  return {std::string(line.text), line.number};
}

std::vector<Source> SourceReader::read_all(data::LineReader lines) {
  std::vector<Source> sources;
  data::Line line;
  while (lines.next(line)) sources.push_back(read(line));
  return sources;
}

int SourceReader::finish() const {
  note_unseen(counts_, run_.source, file_, "source", say_line);
  const Index more = left_out_ - data::ReadReport::most_kept;
  if (more > 0) say_line(fmt::format("no output for {}", data::counted(more, "more line")));
  return left_out_ == 0 ? success : incomplete;
}

Source SourceReader::leave_out(const data::Line& line, const std::string& reason) {
  if (++left_out_ <= data::ReadReport::most_kept)
    say_line(fmt::format("{}:{}: no output: the line has {}", line.path, line.number, reason));
  return {.text = std::string(line.text), .number = line.number, .too_long = true};
}

}  // namespace gradus::cli
