#pragma once

#include <vector>

#include <gradus/models/decode.h>

namespace gradus::models {

/// Draws a word from the log-probabilities of all words, neither pad nor bos, by the number u in [0, 1):
///
/// 1. softmax of log_p / options.temperature,
/// 2. of the options.top_k most probable words (Fan et al. 2018),
/// 3. of the fewest most probable of these with a share options.top_p of their probability (Holtzman et al. 2020).
///
/// Of equally probable words the smaller id is kept.
Index draw_word(const std::vector<double>& log_p, const DecodeOptions& options, double u);

}  // namespace gradus::models
