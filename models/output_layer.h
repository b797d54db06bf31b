#pragma once

#include <optional>

#include <gradus/models/copying.h>
#include <gradus/models/options.h>
#include <gradus/models/token_embedding.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/linear.h>

namespace gradus::models {

/// Vectors r [..., width] -> logits [..., target_vocab]: dropout, then a linear layer, and with the option `copy` the
/// choice between the words of that layer and those of the source.
struct OutputLayer {
  nn::Dropout dropout;             // of r
  nn::Linear linear;               // [target_vocab, width]
  std::optional<Copying> copying;  // with the option `copy`

  /// With the option `tied` the weight is the target embedding. key_dim is the width of CopySource::keys, for a model
  /// that can copy.
  OutputLayer(nn::Scope scope, const Seq2SeqOptions& o, Index width, const TokenEmbedding& target, Index key_dim = 0)
      : dropout{o.dropout},
        linear(o.tied ? nn::Linear::tied(scope, target.embedding.weight) : nn::Linear(scope, width, o.target_vocab)) {
    if (o.copy) copying.emplace(scope / "copy", o, width, key_dim);
  }

  /// The logits of the linear layer, without copying.
  Tensor operator()(const Tensor& r, Place place = Place::current()) const {
    const Region region(linear.path);
    return linear(dropout(r, place), place);
  }

  /// The same for a model that can copy: r [batch, width] or [batch, T, width].
  Tensor operator()(const Tensor& r, const CopySource& source, Place place = Place::current()) const {
    const Region region(linear.path);
    const Tensor dropped = dropout(r, place), z = linear(dropped, place);
    return copying ? (*copying)(dropped, z, source, place) : z;
  }

  /// CopySource::ids of a source [batch, S]
  Tensor copy_ids(const Tensor& source) const { return copying ? copying->ids(source) : Tensor(); }
};

}  // namespace gradus::models
