#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/attention.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/softmax.h>
#include <gradus/models/options.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/masks.h>

namespace gradus::models {

/// What the output layer can copy. Both are undefined without the option `copy`.
struct CopySource {
  Tensor keys;  // k_i of the decoder's attention to the source [batch, S, dim]
  Tensor ids;   // the target id of each source token, -1 where it has none [batch, S]
};

/// The pointer-generator (See et al. 2017, eq. 8-9, after Gu et al. 2016): the next word is generated or copied from
/// the source. For what the output layer reads, r_j, and its logits z_j:
///
///     p(y) = g softmax(z_j)_y + (1 - g) sum_{i: x_i = y} alpha_i     g = σ(w·r_j + b)
///     alpha = softmax_i(k_i·W_Q r_j / sqrt(d))
///
/// x_i = y where both vocabularies spell the tokens alike. The other tokens of the source have no alpha; g is 1 when a
/// source has no other. The keys are those of the decoder's attention, with a query W_Q of their own.
struct Copying {
  std::vector<Index> target_of_source;  // Seq2SeqOptions::target_of_source
  nn::Linear query,                     ///< W_Q
      gate;                             ///< w and b

  /// For r of `width` numbers and keys of `key_dim`. Throws an Error unless o.target_of_source has an id below
  /// target_vocab, or -1, for each source id.
  Copying(nn::Scope scope, const Seq2SeqOptions& o, Index width, Index key_dim)
      : target_of_source(checked(o)),
        query(nn::Linear::projection(scope / "query", width, key_dim)),
        gate(scope / "gate", width, 1) {}

  /// The target ids of a source [batch, S].
  Tensor ids(const Tensor& source) const {
    std::vector<Index> ids = source.to_vector<Index>();
    for (Index& id : ids) id = target_of_source.at(static_cast<std::size_t>(id));
    return Tensor::from(ids, source.shape());
  }

  /// r [batch, width] or [batch, T, width], logits z [..., target_vocab] -> log p [..., target_vocab], which are their
  /// own log-softmax
  Tensor operator()(const Tensor& r, const Tensor& z, const CopySource& source, const Place& place) const {
    if (r.rank() == 2) return squeeze((*this)(unsqueeze(r, 1), unsqueeze(z, 1), source, place), 1);
    const Tensor has_target = greater_equal(source.ids, 0.0);           // [batch, S]
    const Tensor can_copy = unsqueeze(max(has_target, {-1}, true), 1);  // [batch, 1, 1]
    const AttentionOptions visible{.mask = nn::visible_sources(has_target, place)};
    const Tensor alpha =
        squeeze(attention_weights(query(r, place), source.keys, 1, visible, place), 1);  // [batch, T, S]
    const Tensor at = expand(unsqueeze(masked_fill(source.ids, less(source.ids, 0.0), 0), 1), alpha.shape());
    const Tensor copied = scatter_add(Tensor::zeros(z.shape(), z.dtype()), -1, at, alpha);
    const Tensor choice = gate(r, place);
    constexpr double least = 1e-30;  // keeps the logarithm finite
    return log(where(can_copy, sigmoid(choice), 1.0) * softmax(z, -1) + sigmoid(-choice) * copied + least);
  }

 private:
  static const std::vector<Index>& checked(const Seq2SeqOptions& o) {
    bool good = std::ssize(o.target_of_source) == o.source_vocab;
    for (const Index id : o.target_of_source) good = good && id >= -1 && id < o.target_vocab;
    if (good) return o.target_of_source;
    throw Error("model option copy needs target_of_source: for each of the " + std::to_string(o.source_vocab) +
                " source ids a target id below " + std::to_string(o.target_vocab) + ", or -1");
  }
};

}  // namespace gradus::models
