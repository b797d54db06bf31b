#include <gradus/train/dataset.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/foundation/internal/fnv1a.h>
#include <gradus/data/dictionary.h>
#include <gradus/data/features.h>
#include <gradus/data/internal/counted.h>
#include <gradus/data/toy_tasks.h>
#include <gradus/data/unicode.h>
#include <gradus/data/unseen.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/models/registry.h>
#include <gradus/train/images.h>
#include <gradus/train/internal/held_out.h>
#include <gradus/train/internal/pair_files.h>
#include <gradus/train/internal/target_of_source.h>

namespace gradus::train {
namespace {

using data::Pair;
using data::Tokenizer;

class Hash : public Fnv1a {
 public:
  using Fnv1a::take;
  void take(const data::Tokens& tokens) {
    for (const std::string& token : tokens) {
      take(std::string_view(token));
      take(0);
    }
  }
  void take(const std::vector<data::Id>& ids) {
    take(ids.size());
    for (data::Id id : ids) take(static_cast<std::uint64_t>(id));
  }
  void take(const std::vector<data::EncodedPair>& pairs) {
    take(pairs.size());
    for (const data::EncodedPair& pair : pairs) {
      take(pair.source);
      take(pair.target);
    }
  }
};

bool held_out(const data::Tokens& source, double share) {
  Hash hash;
  hash.take(source);
  return is_held_out(hash, share);
}

TokensOf settled(Tokenizer tokenizer) {
  switch (tokenizer) {
    case Tokenizer::characters:
      return TokensOf::characters;
    case Tokenizer::graphemes:
      return TokensOf::graphemes;
    case Tokenizer::whitespace:
      return TokensOf::whitespace;
  }
  throw Error("the tokenizer has no setting");
}

data::Task generate(const RunConfig& config, const std::string& name, data::Split split) {
  const DataConfig& d = config.data;
  const Index training_pairs = d.pairs == 0 ? data::training_pairs_of_task(name) : d.pairs;
  return data::make_task(name, {.count = split == data::Split::train ? training_pairs : d.valid_pairs,
                                .min_length = d.min_length,
                                .max_length = d.max_length,
                                .seed = static_cast<std::uint64_t>(config.train.seed),
                                .split = split});
}

void settle(const char* key, TokensOf& wanted, Tokenizer actual, const std::string& owner) {
  if (wanted != TokensOf::automatic && wanted != settled(actual))
    throw ConfigError(fmt::format("{} cannot be chosen for {}: its tokens are {}", key, owner, tokenizer_name(actual)));
  wanted = settled(actual);
}

bool has_positions(const models::Seq2SeqOptions& o) {
  return models::model_info(o.model).has_positions && models::limits_length(o.positions);
}

// Throws when a pair of a task does not fit the model's positions.
const std::vector<Pair>& fitting(const RunConfig& config, const std::string& task, const std::vector<Pair>& pairs) {
  if (!has_positions(config.model)) return pairs;
  const Index most = config.model.max_length - 1;
  for (const Pair& p : pairs) {
    const Index tokens = std::max(std::ssize(p.source), std::ssize(p.target));
    if (tokens > most) {
      throw Error(
          fmt::format("the task {} makes a source or target of {} tokens; the model's positions hold {} and the end "
                      "mark (model.max_length = {}): set a larger model.max_length or a smaller data.max_length",
                      task, tokens, most, config.model.max_length));
    }
  }
  return pairs;
}

struct Pairs {
  std::vector<Pair> train, valid;
};

Pairs make_pairs(RunConfig& config, const Notes& notes) {
  DataConfig& d = config.data;
  const data::Task train = generate(config, d.task, data::Split::train),
                   valid = generate(config, d.task, data::Split::valid);
  const std::string owner = fmt::format("the task {}", d.task);
  settle("data.source_tokens", d.source_tokens, train.source_tokens, owner);
  settle("data.target_tokens", d.target_tokens, train.target_tokens, owner);
  if (notes) {
    notes(fmt::format("task {}: made {} pairs to train on and {} to validate on", d.task, train.pairs.size(),
                      valid.pairs.size()));
  }
  return {fitting(config, d.task, train.pairs), fitting(config, d.task, valid.pairs)};
}

Pairs hold_out(const DataConfig& d, std::vector<Pair> all, const Notes& notes) {
  Pairs pairs;
  for (Pair& p : all) (held_out(p.source, d.held_out) ? pairs.valid : pairs.train).push_back(std::move(p));
  if (pairs.train.empty() || pairs.valid.empty()) {
    const bool no_training = pairs.train.empty();
    const auto sources = std::ssize(group_references(no_training ? pairs.valid : pairs.train));
    throw Error(
        fmt::format("{}: pairs to validate on are held out by source, and the {} of the file have only {}: none is "
                    "left to {}; give pairs of more sources, or a file to validate on (data.valid)",
                    d.train, data::counted(std::ssize(all), "pair"), data::counted(sources, "different source"),
                    no_training ? "train on" : "validate on"));
  }
  if (notes) notes(fmt::format("held out {} pairs to validate on", pairs.valid.size()));
  return pairs;
}

// The vocabulary of a side with sub-words, learned from the pairs to train on.
data::Vocabulary learn_sub_words(const DataConfig& d, const std::vector<Pair>& pairs, data::Tokens Pair::*side,
                                 const std::string& name) {
  constexpr Index special = data::unk_id + 1;
  std::vector<data::Tokens> texts;
  for (const Pair& p : pairs)
    if (!d.valid.empty() || !held_out(p.source, d.held_out)) texts.push_back(p.*side);
  const Index least = data::SubWords::least_size(texts) + special;
  if (d.subword_size < least) {
    throw ConfigError(fmt::format("data.subword_size = {} has no room for a sub-word per character of {}: at least {}",
                                  d.subword_size, name, least));
  }
  return data::Vocabulary(data::SubWords::learn(texts, d.subword_model, d.subword_size - special, name));
}

// Reads the pairs of files, and sets the vocabularies of sub-words.
Pairs read_pairs(Dataset& set, const Notes& notes) {
  RunConfig& config = set.config;
  DataConfig& d = config.data;
  const auto leave_out = [&](data::Corpus& corpus) {
    leave_out_long(corpus, token_limit(config), set.source, set.target);
  };
  const auto learn = [&](data::Corpus& corpus) {
    if (d.format == DataFormat::dictionary) return;
    if (d.source_tokens == TokensOf::sentencepiece && !d.keep_vocabularies)
      set.source = learn_sub_words(d, corpus.pairs, &Pair::source, "the sources of " + d.train);
    if (d.target_tokens == TokensOf::sentencepiece && !d.keep_vocabularies)
      set.target = learn_sub_words(d, corpus.pairs, &Pair::target,
                                   "the targets of " + (d.train_target.empty() ? d.train : d.train_target));
    leave_out(corpus);
  };
  data::Stress stress = d.stress ? data::Stress::keep : data::Stress::automatic;
  data::Corpus corpus = read_files(config, d.train, d.train_target, stress, notes, learn);
  d.stress = stress == data::Stress::keep;
  Pairs pairs;
  if (d.valid.empty())
    pairs = hold_out(d, std::move(corpus.pairs), notes);
  else
    pairs = {std::move(corpus.pairs), read_files(config, d.valid, d.valid_target, stress, notes, leave_out).pairs};
  const bool dictionary = d.format == DataFormat::dictionary;
  const auto settle_side = [&](const char* key, TokensOf& wanted, Tokenizer automatic) {
    if (!dictionary && wanted == TokensOf::sentencepiece) return;
    const bool fixed = dictionary && !(automatic == Tokenizer::characters && wanted == TokensOf::graphemes);
    settle(key, wanted, fixed ? automatic : tokenizer_of(wanted, automatic), "a dictionary");
  };
  settle_side("data.source_tokens", d.source_tokens, Tokenizer::characters);
  settle_side("data.target_tokens", d.target_tokens, Tokenizer::whitespace);
  return pairs;
}

// The tokens of pairs.
struct Counts {
  data::TokenCounts source, target;
  explicit Counts(const std::vector<Pair>& pairs)
      : source(count_source_tokens(pairs)), target(count_target_tokens(pairs)) {}
};

// Notes the tokens that the vocabularies do not have. Without a file of targets, the file of the sources has both.
void note_both_sides(const Dataset& set, const Counts& counts, const std::string& sources, const std::string& targets,
                     const Notes& notes) {
  note_unseen(counts.source, set.source, sources, "source", notes);
  note_unseen(counts.target, set.target, targets.empty() ? sources : targets, "target", notes);
}

}  // namespace

void note_unseen(const data::TokenCounts& counts, const data::Vocabulary& vocabulary, const std::string& file,
                 std::string_view side, const Notes& notes) {
  const std::string line = unseen_tokens(counts, vocabulary, file, side);
  if (!line.empty()) notes(line);
}

data::TokenLimit token_limit(const RunConfig& config) {
  constexpr Index without_positions = 1024;
  const Index asked = config.data.max_tokens;
  const bool positions = has_positions(config.model);
  const Index model = positions ? config.model.max_length - 1 : without_positions;
  if (asked != 0 && !(positions && asked > model)) return {asked, fmt::format("data.max_tokens = {}", asked)};
  return {model, positions ? fmt::format("model.max_length = {}", config.model.max_length) : "data.max_tokens"};
}

Tokenizer source_tokenizer(const RunConfig& config) {
  return tokenizer_of(config.data.source_tokens, Tokenizer::characters);
}

Tokenizer target_tokenizer(const RunConfig& config) {
  return tokenizer_of(config.data.target_tokens,
                      config.data.task.empty() ? Tokenizer::whitespace : Tokenizer::characters);
}

bool has_features(const RunConfig& config) {
  const std::optional<data::Columns> columns = data::parse_columns(config.data.columns);
  return config.data.task.empty() && columns && !columns->features.empty();
}

data::Tokens source_tokens(const RunConfig& config, std::string_view text) {
  const std::size_t end = has_features(config) ? std::min(text.find('\t'), text.size()) : text.size();
  const std::string_view source = text.substr(0, end);
  const bool lower = config.data.format == DataFormat::dictionary || config.data.lowercase;
  data::Tokens tokens = tokenize(data::prepare(source, config.data.unicode, lower), source_tokenizer(config));
  const std::string features = data::prepare(text.substr(end), config.data.unicode, false);
  for (std::string& token : data::feature_tokens(features)) tokens.push_back(std::move(token));
  return tokens;
}

std::string source_text(const RunConfig& config, const data::Tokens& tokens) {
  const auto features = std::find_if(tokens.begin(), tokens.end(),
                                     [](const std::string& token) { return !data::feature_name(token).empty(); });
  std::string text = join({tokens.begin(), features}, source_tokenizer(config));
  if (!has_features(config)) return text;
  for (auto token = features; token != tokens.end(); ++token)
    text += fmt::format("{}{}", token == features ? "\t" : ";", data::feature_name(*token));
  return features == tokens.end() ? text + "\t" : text;
}

data::Tokens target_tokens(const RunConfig& config, std::string_view text) {
  const bool lower = config.data.format != DataFormat::dictionary && config.data.lowercase;
  return tokenize(data::prepare(text, config.data.unicode, lower), target_tokenizer(config));
}

std::uint64_t fingerprint(const data::Vocabulary& source, const data::Vocabulary& target) {
  Hash hash;
  for (const data::Vocabulary* vocabulary : {&source, &target}) {
    hash.take(static_cast<std::uint64_t>(vocabulary->size()));
    for (Index id = 0; id < vocabulary->size(); ++id) hash.take(data::Tokens{vocabulary->token(id)});
    if (vocabulary->sub_words() != nullptr) hash.take(std::string_view(vocabulary->sub_words()->bytes()));
  }
  return std::max<std::uint64_t>(hash.value(), 1);
}

std::uint64_t training_fingerprint(const Dataset& dataset) {
  Hash hash;
  hash.take(fingerprint(dataset.source, dataset.target));
  hash.take(dataset.train);
  return hash.value();
}

std::uint64_t validation_fingerprint(const Dataset& dataset) {
  Hash hash;
  hash.take(dataset.valid);
  for (const data::ReferenceSet& set : dataset.references) {
    hash.take(set.source);
    for (const data::Tokens& reference : set.references) hash.take(reference);
  }
  return hash.value();
}

Dataset load_dataset(const RunConfig& asked, const Notes& notes, const Vocabularies* kept) {
  if (reads_images(asked)) return load_image_dataset(asked, notes);
  Dataset set{.config = asked};
  RunConfig& config = set.config;
  if (config.data.keep_vocabularies) {
    if (kept == nullptr) throw ConfigError("data.keep_vocabularies is set without a run to start from (--from)");
    set.source = kept->source;
    set.target = kept->target;
  }
  Pairs pairs = config.data.task.empty() ? read_pairs(set, notes) : make_pairs(config, notes);

  const DataConfig& d = config.data;
  const Counts counts(pairs.train);
  if (!d.keep_vocabularies && set.source.sub_words() == nullptr)
    set.source = data::Vocabulary::build(counts.source, d.min_count, d.max_vocabulary);
  if (!d.keep_vocabularies && set.target.sub_words() == nullptr)
    set.target = data::Vocabulary::build(counts.target, d.min_count, d.max_vocabulary);
  if (notes) {
    note_both_sides(set, counts, d.task.empty() ? d.train : "training pairs", d.train_target, notes);
    note_both_sides(set, Counts(pairs.valid), !d.valid.empty() ? d.valid : "validation pairs", d.valid_target, notes);
  }
  if (config.model.copy) {
    const Index shared = count_copyable(target_of_source(set.source, set.target));
    if (notes) {
      notes(fmt::format("model.copy: {} of {} source tokens are target tokens too; the others cannot be copied", shared,
                        set.source.size() - data::unk_id - 1));
    }
  }
  config.model.source_vocab = set.source.size();
  config.model.target_vocab = set.target.size();
  set.train = encode(std::move(pairs.train), set.source, set.target);
  set.valid = encode(pairs.valid, set.source, set.target);
  set.references = group_references(pairs.valid);

  if (config.decode.max_length == 0) {
    Index longest = 1;
    for (const data::EncodedPair& p : set.train) longest = std::max(longest, static_cast<Index>(std::ssize(p.target)));
    config.decode.max_length = 2 * longest;
  }
  if (has_positions(config.model))
    config.decode.max_length = std::min(config.decode.max_length, config.model.max_length);
  return set;
}

bool is_left_to_data(std::string_view key) {
  constexpr std::string_view keys[] = {"data.source_tokens", "data.target_tokens", "data.stress", "decode.max_length",
                                       "model.channels",     "model.height",       "model.width", "model.classes",
                                       "model.pixel_mean",   "model.pixel_std"};
  return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

data::Corpus load_pairs(const RunConfig& config, const std::filesystem::path& file,
                        const std::filesystem::path& targets, const Notes& notes, const data::Vocabulary& source,
                        const data::Vocabulary& target) {
  data::Stress stress = config.data.stress ? data::Stress::keep : data::Stress::cut;
  return read_files(config, file, targets, stress, notes,
                    [&](data::Corpus& read) { leave_out_long(read, token_limit(config), source, target); });
}

TestSet load_test(const RunConfig& config, const std::filesystem::path& file, const std::filesystem::path& targets,
                  const Notes& notes, const data::Vocabulary& source, const data::Vocabulary& target) {
  const data::Corpus corpus = load_pairs(config, file, targets, notes, source, target);
  return {.references = group_references(corpus.pairs),
          .left_out = corpus.report.left_out,
          .source_counts = count_source_tokens(corpus.pairs),
          .target_counts = count_target_tokens(corpus.pairs)};
}

TestSet load_test_task(const RunConfig& config, const std::string& task, const Notes& notes) {
  const data::Task made = generate(config, task, data::Split::test);
  if (notes) notes(fmt::format("task {}: made {} pairs to test on", task, made.pairs.size()));
  return {.references = group_references(fitting(config, task, made.pairs)),
          .left_out = 0,
          .source_counts = count_source_tokens(made.pairs),
          .target_counts = count_target_tokens(made.pairs)};
}

}  // namespace gradus::train
