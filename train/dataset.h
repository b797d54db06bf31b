#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/data/batches.h>
#include <gradus/data/references.h>
#include <gradus/data/vocabulary.h>
#include <gradus/train/config.h>

namespace gradus::train {

/// What a run trains and validates on.
struct Dataset {
  data::Vocabulary source, target;  // of the training pairs
  std::vector<data::EncodedPair> train, valid;
  std::vector<data::ReferenceSet> references;  // the validation pairs by source
  std::vector<std::string> notes;              // a line for each file or task: what reading it came to
};

/// A number that tells datasets apart: pairs to train on, in their order, and what validation compares with.
std::uint64_t fingerprint(const Dataset& dataset);

/// A number that tells vocabularies from others; never 0.
std::uint64_t fingerprint(const data::Vocabulary& source, const data::Vocabulary& target);

/// Reads or makes the pairs that the configuration names, and fills in what it leaves to the data: the vocabularies'
/// sizes, the tokenizers and the longest output. Without validation pairs, a share of the sources that depends on
/// nothing but the source is held out. Throws Error when files cannot be read and when a pair is longer than the
/// model's positions.
Dataset load_dataset(RunConfig& config);

/// Whether load_dataset may fill in this setting: a tokenizer, or the longest output.
bool is_left_to_data(std::string_view key);

/// The pairs of a test file, or of the toy task's test split, read as the resolved configuration reads pairs; with
/// `targets`, `file` holds sources alone.
struct TestSet {
  std::vector<data::ReferenceSet> references;
  std::vector<std::string> notes;  // as a Dataset's
};
TestSet load_test(const RunConfig& config, const std::filesystem::path& file,
                  const std::filesystem::path& targets = {});
TestSet load_test_task(const RunConfig& config, const std::string& task);

/// How the resolved configuration cuts a text into tokens.
data::Tokenizer source_tokenizer(const RunConfig& config);
data::Tokenizer target_tokenizer(const RunConfig& config);
/// A line of text as the source that the model would have read in training: case and tokens.
data::Tokens source_tokens(const RunConfig& config, std::string_view text);

/// The most source tokens that the model can read, beside the end mark.
Index longest_source(const models::Seq2SeqOptions& options);
/// Throws Error when `tokens` is more; `what` names the source in the message ("line 3").
void check_source_length(const models::Seq2SeqOptions& options, Index tokens, const std::string& what);

}  // namespace gradus::train
