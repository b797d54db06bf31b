#pragma once

#include <string>
#include <vector>

namespace gradus::data {

/// The correct texts of one source.
using References = std::vector<std::string>;

/// BLEU of a corpus (Papineni et al. 2002), from 0 to 100, as sacreBLEU gives it by default (Post 2018): n-grams of up
/// to 4 tokens in the tokenisation 13a, the length of the nearest reference, and exponential smoothing. Texts are in
/// UTF-8. 0 when no output has 4 tokens. Throws Error when there is no text, the numbers of outputs and references
/// differ, or a source has no reference.
double bleu(const std::vector<std::string>& outputs, const std::vector<References>& references);

/// chrF2 of a corpus (Popović 2015), from 0 to 100, as sacreBLEU gives it by default: n-grams of up to 6 characters,
/// without white space, recall with twice the weight of precision, and the nearest reference. A character is a code
/// point. Throws as `bleu` does.
double chrf(const std::vector<std::string>& outputs, const std::vector<References>& references);

}  // namespace gradus::data
