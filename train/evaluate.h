#pragma once

#include <vector>

#include <gradus/data/batches.h>
#include <gradus/data/metrics.h>
#include <gradus/data/vocabulary.h>
#include <gradus/models/decode.h>

namespace gradus::train {

/// What a model wrote for a set of sources, and how good it is.
struct Evaluation {
  std::vector<data::Tokens> outputs;  // one a source
  std::vector<bool> exact;            // whether it equals one of the references
  data::Score score;
  Index unfinished = 0;  // outputs that the limit of length ended
};

/// Decodes every source and compares with its references. The result of a source depends on nothing but the source.
Evaluation evaluate(const models::Seq2Seq& model, const data::Vocabulary& source, const data::Vocabulary& target,
                    const std::vector<data::ReferenceSet>& references, const models::DecodeOptions& options);

/// Cross-entropy of the targets in nats a token, end marks included, without dropout and label smoothing.
double mean_loss(const models::Seq2Seq& model, const std::vector<data::EncodedPair>& pairs);

/// Ids of a source as models read them: its tokens and the end mark.
std::vector<Index> source_ids(const data::Vocabulary& vocabulary, const data::Tokens& tokens);

}  // namespace gradus::train
