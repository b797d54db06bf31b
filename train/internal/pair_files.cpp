#include <gradus/train/internal/pair_files.h>

#include <fmt/format.h>

#include <optional>

#include <gradus/data/dictionary.h>

namespace gradus::train {
namespace {

using data::Pair;
using data::Tokenizer;

void note(const Notes& notes, const data::ReadReport& report) {
  if (!notes) return;
  for (const std::string& line : report.messages()) notes(line);
}

// None: by the file's name.
std::optional<data::TableFormat> table_format(const DataConfig& d) {
  switch (d.format) {
    case DataFormat::tsv:
      return data::TableFormat::tsv;
    case DataFormat::csv:
      return data::TableFormat::csv;
    case DataFormat::jsonl:
      return data::TableFormat::jsonl;
    default:
      return std::nullopt;
  }
}

// `stress` is for dictionaries. `automatic` is replaced by what the file is found to need.
data::Corpus read_corpus(const RunConfig& config, const std::filesystem::path& path,
                         const std::filesystem::path& targets, data::Stress& stress) {
  const DataConfig& d = config.data;
  if (d.format == DataFormat::dictionary) {
    if (!targets.empty()) {
      throw Error(fmt::format("{}: {} is a dictionary, whose lines hold both sides; leave the file of targets out",
                              targets.string(), path.string()));
    }
    data::Dictionary read =
        data::read_dictionary(path, {.stress = stress,
                                     .unicode = d.unicode,
                                     .letters = tokenizer_of(d.source_tokens, Tokenizer::characters),
                                     .on_bad_line = d.on_bad_line,
                                     .limit = token_limit(config)});
    stress = read.stress;
    return data::Corpus(std::move(read));
  }
  if (!targets.empty() &&
      (table_format(d).value_or(data::TableFormat::tsv) != data::TableFormat::tsv || !d.columns.empty())) {
    throw Error(
        fmt::format("{}: the run reads columns (data.format, data.columns), and a file of targets has none; give "
                    "a file of pairs alone",
                    targets.string()));
  }
  const data::PairOptions options{.source_tokens = tokenizer_of(d.source_tokens, Tokenizer::characters),
                                  .target_tokens = tokenizer_of(d.target_tokens, Tokenizer::whitespace),
                                  .on_bad_line = d.on_bad_line,
                                  .unicode = d.unicode,
                                  .lowercase = d.lowercase,
                                  .limit = token_limit(config),
                                  .format = table_format(d),
                                  .columns = data::parse_columns(d.columns).value_or(data::Columns{})};
  return targets.empty() ? data::read_pairs(path, options) : data::read_parallel(path, targets, options);
}

}  // namespace

Tokenizer tokenizer_of(TokensOf wanted, Tokenizer automatic) {
  switch (wanted) {
    case TokensOf::automatic:
      return automatic;
    case TokensOf::characters:
      return Tokenizer::characters;
    case TokensOf::graphemes:
      return Tokenizer::graphemes;
    case TokensOf::whitespace:
    case TokensOf::sentencepiece:  // words, which the vocabulary splits
      return Tokenizer::whitespace;
  }
  throw Error("data.source_tokens or data.target_tokens has no known value");
}

void leave_out_long(data::Corpus& corpus, const data::TokenLimit& limit, const data::Vocabulary& source,
                    const data::Vocabulary& target) {
  if (source.sub_words() == nullptr && target.sub_words() == nullptr) return;
  data::ReadReport& report = corpus.report;
  const auto fits = [&](const data::Vocabulary& vocabulary, const data::Tokens& side, const char* name, Index line) {
    const Index length = std::ssize(vocabulary.split(side));
    if (length <= limit.most) return true;
    report.leave_out({report.path, line, 1, fmt::format("the {} has {}", name, limit.excess(length))});
    return false;
  };
  std::vector<Pair> kept;
  std::vector<Index> lines;
  for (std::size_t i = 0; i < corpus.pairs.size(); ++i) {
    Pair& pair = corpus.pairs[i];
    const Index line = corpus.lines[i];
    if (!fits(source, pair.source, "source", line) || !fits(target, pair.target, "target", line)) continue;
    kept.push_back(std::move(pair));
    lines.push_back(line);
  }
  corpus.pairs = std::move(kept);
  corpus.lines = std::move(lines);
  report.pairs = std::ssize(corpus.pairs);
  if (corpus.pairs.empty()) throw data::NoPairs::all_left_out(report);
}

data::Corpus read_files(const RunConfig& config, const std::filesystem::path& path,
                        const std::filesystem::path& targets, data::Stress& stress, const Notes& notes,
                        const std::function<void(data::Corpus&)>& finish) {
  try {
    data::Corpus corpus = read_corpus(config, path, targets, stress);
    finish(corpus);
    note(notes, corpus.report);
    return corpus;
  } catch (const data::NoPairs& e) {
    note(notes, e.report);
    throw;
  }
}

}  // namespace gradus::train
