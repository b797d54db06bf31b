#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/data/batches.h>
#include <gradus/data/corpus.h>
#include <gradus/data/images.h>
#include <gradus/data/references.h>
#include <gradus/data/vocabulary.h>
#include <gradus/train/config.h>

namespace gradus::train {

/// Receives the messages about files and tasks, one line each, in order: what was read, and each bad line and long
/// pair.
using Notes = std::function<void(const std::string&)>;

/// The vocabularies of both sides.
struct Vocabularies {
  data::Vocabulary source = {},  ///< of the sources
      target = {};               ///< of the targets
};

/// The data of training and validation.
struct Dataset {
  /// The configuration, with the settings that depend on the data: the sizes of the vocabularies, the tokenizers, and
  /// the longest output.
  RunConfig config = {};
  data::Vocabulary source = {},                     ///< of the training sources, or the one kept
      target = {};                                  ///< of the training targets, or the one kept
  std::vector<data::EncodedPair> train = {},        ///< the training pairs
      valid = {};                                   ///< the validation pairs
  std::vector<data::ReferenceSet> references = {};  // the validation pairs, one set per source
  data::LabelledImages train_images = {},           ///< to train a model of images, which has no pairs
      valid_images = {};                            ///< to validate it
};

/// A number that identifies the training pairs, in their order, and both vocabularies.
std::uint64_t training_fingerprint(const Dataset& dataset);

/// A number that identifies the validation pairs and their references.
std::uint64_t validation_fingerprint(const Dataset& dataset);

/// A number that identifies two vocabularies; never 0.
std::uint64_t fingerprint(const data::Vocabulary& source, const data::Vocabulary& target);

/// Reads or makes the pairs, or reads the images, that the configuration names. Without validation pairs some sources
/// are held out, by a function of the source alone. Pairs of files that are longer than token_limit are left out.
/// Throws
///
/// - Error when a file cannot be read, and when a pair of a task does not fit the model's positions;
/// - ConfigError when the configuration contradicts the data.
///
/// With data.keep_vocabularies `kept` has the vocabularies.
Dataset load_dataset(const RunConfig& config, const Notes& notes = {}, const Vocabularies* kept = nullptr);

/// Notes, in one line, the tokens of a file that the vocabulary does not have, if there are any. `side` is "source" or
/// "target".
void note_unseen(const data::TokenCounts& counts, const data::Vocabulary& vocabulary, const std::string& file,
                 std::string_view side, const Notes& notes);

/// Whether load_dataset may set this setting: a tokenizer, the digits of a dictionary, the longest output, or what a
/// model of images has from its training images.
bool is_left_to_data(std::string_view key);

/// Pairs to test on.
struct TestSet {
  std::vector<data::ReferenceSet> references;  // one set per source
  Index left_out = 0;                          // pairs that are longer than token_limit
  data::TokenCounts source_counts,             ///< of the sources of all pairs that are not left out
      target_counts;                           ///< of their targets
};
/// The pairs of a file, read as the dataset's configuration says. With `targets`, `file` holds sources alone. A run
/// with sub-words needs its vocabularies, which measure the pairs.
TestSet load_test(const RunConfig& config, const std::filesystem::path& file, const std::filesystem::path& targets = {},
                  const Notes& notes = {}, const data::Vocabulary& source = {}, const data::Vocabulary& target = {});
/// The same pairs in the order of their lines.
data::Corpus load_pairs(const RunConfig& config, const std::filesystem::path& file,
                        const std::filesystem::path& targets = {}, const Notes& notes = {},
                        const data::Vocabulary& source = {}, const data::Vocabulary& target = {});
/// The test split of a toy task. Throws Error when a pair does not fit the model's positions.
TestSet load_test_task(const RunConfig& config, const std::string& task, const Notes& notes = {});

/// The tokens of a text, split as the dataset's configuration says.
data::Tokenizer source_tokenizer(const RunConfig& config);
data::Tokenizer target_tokenizer(const RunConfig& config);
/// Whether the sources of the run have features (data.columns).
bool has_features(const RunConfig& config);
/// The tokens of a source as in training, in the configuration's Unicode form and case. With features, the text is
/// source<TAB>features.
data::Tokens source_tokens(const RunConfig& config, std::string_view text);
/// The text of source tokens, as source_tokens reads it.
std::string source_text(const RunConfig& config, const data::Tokens& tokens);
/// The tokens of a target likewise.
data::Tokens target_tokens(const RunConfig& config, std::string_view text);

/// The longest source or target of the run: data.max_tokens, or what the model's positions hold beside the end mark, or
/// 1024.
data::TokenLimit token_limit(const RunConfig& config);

}  // namespace gradus::train
