#pragma once

#include <string>
#include <vector>

#include <gradus/data/bleu.h>
#include <gradus/data/internal/ngrams.h>

namespace gradus::data {

/// The tokens of a text for BLEU.
std::vector<Units> bleu_tokens(const std::string& text, BleuTokens kind);

}  // namespace gradus::data
