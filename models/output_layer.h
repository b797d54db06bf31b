#pragma once

#include <gradus/models/options.h>
#include <gradus/models/token_embedding.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/linear.h>

namespace gradus::models {

/// Vectors [..., width] -> logits [..., target_vocab]: dropout, then a linear layer.
struct OutputLayer {
  nn::Dropout dropout;
  nn::Linear linear;

  /// With the option `tied` the weight is the target embedding.
  OutputLayer(nn::Scope scope, const Seq2SeqOptions& o, Index width, const TokenEmbedding& target)
      : dropout{o.dropout},
        linear(o.tied ? nn::Linear::tied(scope, target.embedding.weight) : nn::Linear(scope, width, o.target_vocab)) {}

  Tensor operator()(const Tensor& x, Place place = Place::current()) const { return linear(dropout(x, place), place); }
};

}  // namespace gradus::models
