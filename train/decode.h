#pragma once

#include <vector>

#include <gradus/models/decode.h>
#include <gradus/train/ranks.h>

namespace gradus::train {

/// models::decode with the sentences divided among the ranks; null: this process alone. Every rank gets the hypotheses
/// of all sentences, with the same bits at any number of ranks. An exception of a rank is thrown on all.
std::vector<models::Hypotheses> decode(Ranks* ranks, const models::Seq2Seq& model, const models::Sentences& sources,
                                       const models::DecodeOptions& options = {},
                                       const models::Sentences& prefixes = {});

}  // namespace gradus::train
