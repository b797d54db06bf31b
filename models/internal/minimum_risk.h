#pragma once

#include <gradus/models/decode.h>

namespace gradus::models {

/// The different samples of a sentence, by their risk: the mean edit distance in words to all samples (insertions,
/// deletions and substitutions), smallest first; then by probability, then in the order of drawing. score is the
/// negative risk.
Hypotheses by_risk(const Hypotheses& samples);

}  // namespace gradus::models
