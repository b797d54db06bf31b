#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gradus/data/batches.h>
#include <gradus/data/measure.h>
#include <gradus/data/metrics.h>
#include <gradus/data/vocabulary.h>
#include <gradus/models/decode.h>
#include <gradus/train/ranks.h>
#include <gradus/train/run_config.h>

namespace gradus::train {

/// The outputs of a model for a set of sources, and their score.
struct Evaluation {
  std::vector<data::Tokens> outputs;  // one per source
  std::vector<bool> exact;            // whether the output equals a reference
  data::Score score;                  // of all outputs
  Index unfinished = 0;               // outputs that reached the length limit
};

/// Decodes every source and compares it with its references. Each output depends only on its source. The sources are
/// divided among the ranks, if there are any; every rank gets the whole result.
Evaluation evaluate(const models::Seq2Seq& model, const data::Vocabulary& source, const data::Vocabulary& target,
                    const std::vector<data::ReferenceSet>& references, const models::DecodeOptions& options,
                    Ranks* ranks = nullptr);

/// The outputs and references as text: their tokens joined as the configuration says.
data::Texts texts_of(const RunConfig& config, const std::vector<data::Tokens>& outputs,
                     const std::vector<data::ReferenceSet>& sets);

/// Cross-entropy of the targets in nats per token, end marks included, without dropout and label smoothing. `stop` is
/// called before each batch, on any thread; once it returns true, models::Stopped is thrown. The batches are divided
/// among the ranks, if there are any.
double mean_loss(const models::Seq2Seq& model, const std::vector<data::EncodedPair>& pairs,
                 const std::function<bool()>& stop = {}, Ranks* ranks = nullptr);

/// The ids of a source for the model: its tokens and the end mark.
std::vector<Index> source_ids(const data::Vocabulary& vocabulary, const data::Tokens& tokens);

}  // namespace gradus::train
