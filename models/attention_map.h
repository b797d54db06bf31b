#pragma once

#include <gradus/autograd/engine/tensor.h>

namespace gradus::models {

/// What the queries of an attention layer read, and from where.
enum class Reads {
  source_by_source,  // self-attention of the encoder
  target_by_target,  // self-attention of the decoder
  source_by_target,  // the decoder's attention to the source
};

/// The weights of one attention layer under teacher forcing.
struct AttentionMap {
  Reads reads = Reads::source_by_target;  // the kind of the layer
  Index layer = 0;                        // of the encoder or the decoder, from 0
  Tensor weights;                         // [batch, heads, queries, keys]
};

}  // namespace gradus::models
