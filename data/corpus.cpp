#include <gradus/data/corpus.h>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include <gradus/autograd/foundation/error.h>
#include <gradus/data/features.h>
#include <gradus/data/internal/blanks.h>
#include <gradus/data/internal/counted.h>
#include <gradus/data/internal/gatherer.h>
#include <gradus/data/internal/rows.h>
#include <gradus/data/unicode.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::data {
namespace {

TokenCounts count_tokens(const std::vector<Pair>& pairs, Tokens Pair::*side) {
  TokenCounts counts;
  for (const Pair& pair : pairs)
    for (const std::string& token : pair.*side) ++counts[token];
  return counts;
}

// The text of one side of a pair.
std::string prepared(std::string_view side, const PairOptions& options) {
  return prepare(side, options.unicode, options.lowercase);
}

// The reason why the text cannot be the part of a pair that has this name; empty if it can.
std::string reason_against(std::string_view text, std::string_view name) {
  using namespace std::string_view_literals;
  if (text.find_first_of("\t\n\r\0"sv) != std::string_view::npos)
    return fmt::format("a tab, a line break or a NUL inside the {}", name);
  if (is_blank(text) && name != "features") return fmt::format("the {} is empty", name);
  return {};
}

// The rows of a good table, for messages.
std::string_view wanted_rows(TableFormat format, const Columns& columns) {
  if (format == TableFormat::jsonl) return "a JSON object per line with the keys of source and target";
  if (columns != Columns{}) return "lines with the chosen columns";
  return format == TableFormat::csv ? "lines of source,target" : "lines of source<TAB>target";
}

}  // namespace

Corpus read_pairs(const std::filesystem::path& path, const PairOptions& options) {
  const TableFormat format = options.format.value_or(format_of(path));
  Gatherer gatherer(path.string(), options.on_bad_line, options.limit);
  const std::unique_ptr<Rows> rows = open_rows(path, format, options.columns);
  gatherer.note(rows->note());
  Row row;
  while (rows->next(row)) {
    if (row.flaw) {
      gatherer.refuse(row.line, row.flaw->offset, row.flaw->reason);
      continue;
    }
    const std::string source = prepared(row.source.text, options), target = prepared(row.target.text, options),
                      features = prepare(row.features.text, options.unicode, false);
    const auto good = [&](const Field& field, std::string_view text, std::string_view name) {
      std::string reason = reason_against(text, name);
      if (reason.empty()) return true;
      gatherer.refuse(row.line, field.at, std::move(reason));
      return false;
    };
    const bool all = good(row.source, source, "source") && good(row.target, target, "target") &&
                     good(row.features, features, "features");
    if (!all) continue;
    Pair pair;
    pair.source = tokenize(source, options.source_tokens);
    pair.target = tokenize(target, options.target_tokens);
    for (std::string& token : feature_tokens(features)) pair.source.push_back(std::move(token));
    gatherer.keep(std::move(pair), {row.line, row.source.at}, {row.line, row.target.at});
  }
  return std::move(gatherer).finish(wanted_rows(format, options.columns));
}

Corpus read_parallel(const std::filesystem::path& sources, const std::filesystem::path& targets,
                     const PairOptions& options) {
  Gatherer gatherer(fmt::format("{} and {}", sources.string(), targets.string()), options.on_bad_line, options.limit);
  LineReader source_reader(sources), target_reader(targets);
  Line source, target;
  std::string source_text, target_text;
  // Sets `text` to the prepared line, or refuses the line and returns false.
  const auto good = [&](const Line& line, std::string& text, const char* blank) {
    if (!gatherer.sound(line)) return false;
    text = prepared(line.text, options);
    const std::size_t tab = line.text.find('\t');
    if (is_blank(text))
      gatherer.refuse(line, 0, blank);
    else if (tab != std::string_view::npos)
      gatherer.refuse(line, tab, "a tab; expected one side of a pair per line");
    return !is_blank(text) && tab == std::string_view::npos;
  };
  while (true) {
    const bool more_sources = source_reader.next(source), more_targets = target_reader.next(target);
    if (more_sources != more_targets) {
      const auto& [longer, shorter] = more_sources ? std::tie(sources, targets) : std::tie(targets, sources);
      const Index lines = more_sources ? target.number : source.number;
      throw Error(fmt::format("{} ends after {}, but {} continues; expected equal numbers of lines", shorter.string(),
                              counted(lines, "line"), longer.string()));
    }
    if (!more_sources) break;
    const bool both =
        good(source, source_text, "the source is empty") && good(target, target_text, "the target is empty");
    if (!both) continue;
    gatherer.keep({tokenize(source_text, options.source_tokens), tokenize(target_text, options.target_tokens)},
                  {source}, {target});
  }
  return std::move(gatherer).finish(
      "a source on each line of the first file and its target on the same line of the second");
}

TokenCounts count_source_tokens(const std::vector<Pair>& pairs) { return count_tokens(pairs, &Pair::source); }

TokenCounts count_target_tokens(const std::vector<Pair>& pairs) { return count_tokens(pairs, &Pair::target); }

}  // namespace gradus::data
