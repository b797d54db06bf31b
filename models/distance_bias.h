#pragma once

#include <optional>

#include <gradus/models/options.h>
#include <gradus/nn/parameters.h>
#include <gradus/nn/relative_bias.h>

namespace gradus::models {

/// The bias of self-attention's scores by the distance of two positions, with Positions::alibi and Positions::relative.
/// One bias serves all layers of a stack, as in T5. ALiBi was made for decoders; in an encoder the sources after a
/// query have twice the slope, so that the direction of a distance shows.
struct DistanceBias {
  std::optional<nn::RelativeBias> learned;  // of Positions::relative
  Index alibi_heads;                        // 0 without Positions::alibi
  DType dtype;                              // of the bias of Positions::alibi

  /// Registers a table below the scope with Positions::relative, else nothing.
  DistanceBias(nn::Scope scope, const Seq2SeqOptions& o)
      : alibi_heads(o.positions == Positions::alibi ? o.heads : 0), dtype(scope.dtype()) {
    if (o.positions == Positions::relative) learned.emplace(scope, o.heads, o.max_distance);
  }

  /// -> [heads, targets, sources], undefined without a bias. `start` is the position of the first target.
  Tensor operator()(Index targets, Index sources, Index start = 0) const {
    if (learned) return (*learned)(targets, sources, start);
    return alibi_heads > 0 ? nn::alibi(alibi_heads, targets, sources, start, dtype, 2) : Tensor();
  }
};

}  // namespace gradus::models
