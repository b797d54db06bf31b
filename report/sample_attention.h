#pragma once

#include <vector>

#include <gradus/data/tokenize.h>
#include <gradus/models/attention_map.h>
#include <gradus/models/decode.h>
#include <gradus/train/run.h>

namespace gradus::report {

/// What a model attends to while it reads a source and writes its greedy output.
struct SampleAttention {
  models::Hypothesis output;
  std::vector<Index> read;                 // the tokens that the decoder read, from the start mark
  std::vector<models::AttentionMap> maps;  // of all layers; none for a model without attention
};

SampleAttention sample_attention(const train::Run& run, const data::Tokens& source);

/// "source_by_source", "target_by_target" or "source_by_target".
const char* name_of(models::Reads reads);

}  // namespace gradus::report
