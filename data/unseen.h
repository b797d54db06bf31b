#pragma once

#include <string>
#include <string_view>

#include <gradus/data/vocabulary.h>

namespace gradus::data {

/// A line about the tokens that the vocabulary does not have, with the commonest of them:
/// `dev.tsv: 12 of 3400 source tokens (0.4 %) are not in the vocabulary: "ế" 5, U+0301 4 and 3 others`.
/// Empty if it has all of them. `side` is "source" or "target". For a vocabulary of sub-words the counts are those of
/// words, and the line is about pieces.
std::string unseen_tokens(const TokenCounts& counts, const Vocabulary& vocabulary, std::string_view file,
                          std::string_view side);

}  // namespace gradus::data
