#pragma once

#include <algorithm>

#include <gradus/data/corpus.h>

#include "fuzz.h"

namespace gradus::fuzz {

/// The options that the first byte of the input chooses.
inline data::PairOptions pair_options(std::uint8_t bits) {
  data::PairOptions options;
  if (bits & 1) options.source_tokens = data::Tokenizer::whitespace;
  if (bits & 2) options.target_tokens = data::Tokenizer::characters;
  options.lowercase = (bits & 4) != 0;
  return options;
}

inline bool sound(const data::Tokens& tokens) {
  return !tokens.empty() && std::all_of(tokens.begin(), tokens.end(), [](const std::string& token) {
    return !token.empty() && token.find('\0') == std::string::npos &&
           files::find_invalid_utf8(token) == std::string::npos;
  });
}

/// Checks what is true of every corpus of pairs.
inline void check_pairs(const data::Corpus& corpus) {
  const data::ReadReport& report = corpus.report;
  for (const data::Pair& pair : corpus.pairs) expect(sound(pair.source) && sound(pair.target), "pairs hold text");
  for (const std::string& message : report.messages()) check_message(message);
  expect(report.pairs == std::ssize(corpus.pairs), "the report counts the pairs");
  expect(std::ssize(report.defects) == std::min(report.skipped, data::ReadReport::most_kept), "defects are kept");
}

}  // namespace gradus::fuzz
