#pragma once

#include <gradus/data/features.h>
#include <gradus/files/internal/json.h>

#include "corpus_checks.h"
#include "memory_file.h"

namespace gradus::fuzz {

inline constexpr std::string_view columns_to_choose[] = {
    "",
    "features=3",
    "source=2,target=1",
    "target=3,features=2",
    "source=lemma,target=form,features=tags",
    "source=a,target=a",
    "features=tags",
    "source=1,target=1,features=1",
};

/// The text as a field of a table with the three columns source, target, features.
inline std::string field(std::string_view text, data::TableFormat format) {
  if (format == data::TableFormat::tsv) return std::string(text);
  if (format == data::TableFormat::jsonl) return files::json_string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

/// The pair as a row of such a table.
inline std::string row_of(const data::Pair& pair, data::TableFormat format, const data::PairOptions& options) {
  data::Tokens source;
  std::string features;
  for (const std::string& token : pair.source) {
    const std::string_view name = data::feature_name(token);
    if (name.empty())
      source.push_back(token);
    else
      features += std::string(name) + ';';
  }
  const std::string fields[] = {field(join(source, options.source_tokens), format),
                                field(join(pair.target, options.target_tokens), format), field(features, format)};
  if (format == data::TableFormat::tsv) return fields[0] + '\t' + fields[1] + '\t' + fields[2] + '\n';
  if (format == data::TableFormat::csv) return fields[0] + ',' + fields[1] + ',' + fields[2] + '\n';
  return "{\"source\":" + fields[0] + ",\"target\":" + fields[1] + ",\"features\":" + fields[2] + "}\n";
}

/// Reads a table. The first byte chooses the options, the second the columns. The rest is the file.
inline int check_table(data::TableFormat format, const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  static MemoryFile file, copy;
  const auto& path = file.holding(text_of(bytes + 2, size - 2));
  data::PairOptions options = pair_options(bytes[0]);
  options.format = format;
  options.columns = data::parse_columns(columns_to_choose[bytes[1] % std::size(columns_to_choose)]).value();
  options.limit = {64, "a limit"};

  data::Corpus corpus;
  if (!accepts([&] { corpus = read_pairs(path, options); })) return 0;
  check_pairs(corpus);
  for (const data::Pair& pair : corpus.pairs) {
    expect(std::ssize(pair.source) <= 64 && std::ssize(pair.target) <= 64, "long pairs are left out");
    expect(data::feature_name(pair.source.front()).empty(), "a source has text");
    for (const std::string& token : pair.target) expect(data::feature_name(token).empty(), "a target has no features");
  }
  if ((bytes[0] & 8) == 0) return 0;

  data::PairOptions strict = options;
  strict.on_bad_line = data::OnBadLine::stop;
  const bool good = accepts([&] { expect(read_pairs(path, strict).pairs == corpus.pairs, "the same pairs"); });
  expect(good == (corpus.report.skipped == 0), "only defects end the reading");

  // Lower case may need a normal form again.
  if (options.lowercase) return 0;
  std::string table = format == data::TableFormat::csv   ? "source,target,features\n"
                      : format == data::TableFormat::tsv ? "source\ttarget\tfeatures\n"
                                                         : "";
  for (const data::Pair& pair : corpus.pairs) table += row_of(pair, format, options);
  options.columns = data::parse_columns("source=source,target=target,features=features").value();
  // Without its bad lines the file may look like binary data.
  accepts([&] { expect(read_pairs(copy.holding(table), options).pairs == corpus.pairs, "written and read again"); });
  return 0;
}

}  // namespace gradus::fuzz
