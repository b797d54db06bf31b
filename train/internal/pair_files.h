#pragma once

#include <filesystem>
#include <functional>

#include <gradus/data/corpus.h>
#include <gradus/data/dictionary.h>
#include <gradus/data/tokenize.h>
#include <gradus/data/vocabulary.h>
#include <gradus/train/dataset.h>
#include <gradus/train/run_config.h>

// Files of pairs, read as the configuration says.
namespace gradus::train {

/// The tokenizer that a setting chooses. SentencePiece splits words, which the vocabulary does.
data::Tokenizer tokenizer_of(TokensOf wanted, data::Tokenizer automatic);

/// Reads the pairs of a file, or of a file of sources and one of targets. `stress` is for dictionaries: `automatic` is
/// replaced by what the file needs. Calls `finish` with the pairs, then writes a note about each line that is none,
/// also when no line is good. Throws as data::read_pairs does.
data::Corpus read_files(const RunConfig& config, const std::filesystem::path& path,
                        const std::filesystem::path& targets, data::Stress& stress, const Notes& notes,
                        const std::function<void(data::Corpus&)>& finish);

/// Leaves out the pairs with more pieces of words than the limit. Throws data::NoPairs when none is left.
void leave_out_long(data::Corpus& corpus, const data::TokenLimit& limit, const data::Vocabulary& source,
                    const data::Vocabulary& target);

}  // namespace gradus::train
