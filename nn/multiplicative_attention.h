#pragma once

#include <optional>
#include <string>

#include <gradus/nn/attention.h>

namespace gradus::nn {

/// score_ij = s_j·h_i, or s_jᵀ W h_i.
enum class ScoreForm { dot, general };

/// Multiplicative attention (Luong et al. 2015, 3.1): score_ij = s_j·h_i or s_jᵀ W h_i, not scaled,
/// alpha_j = softmax_i(score_ij), c_j = sum_i alpha_ij h_i. The keys are h_i or W h_i, and the values h_i.
struct MultiplicativeAttention {
  std::optional<Linear> key;  // W; none for the form dot
  Index query_dim;            // numbers of s
  std::string path;           // of the scope, for messages

  /// Throws for the form dot unless query_dim and source_dim are equal.
  MultiplicativeAttention(Scope scope, Index query_width, Index source_dim, ScoreForm form)
      : query_dim(query_width), path(scope.path()) {
    if (form == ScoreForm::general) {
      key.emplace(Linear::projection(scope / "key", source_dim, query_dim));
    } else if (query_dim != source_dim) {
      throw Error("MultiplicativeAttention '" + path + "' of the form dot has queries of " + std::to_string(query_dim) +
                  " and sources of " + std::to_string(source_dim) + " numbers; they must be equal");
    }
  }

  /// h [batch, S, source_dim], mask [batch, S]
  KeyValues key_values(const Tensor& h, const Tensor& mask = {}, Place place = Place::current()) const {
    const LayerCall layer{"MultiplicativeAttention", path, place};
    check_shape(layer, "h", h, {"batch", "source", key ? key->weight.shape()[1] : query_dim});
    if (mask.defined()) check_shape(layer, "the mask", mask, {h.shape()[0], h.shape()[1]});
    return {key ? (*key)(h, place) : h, h, mask};
  }

  /// alpha_j: s [batch, query_dim] -> [batch, S]. A row sums to 1; it is zero if the whole source is masked.
  Tensor attention_weights(const Tensor& s, const KeyValues& source, Place place = Place::current()) const {
    const LayerCall layer{"MultiplicativeAttention", path, place};
    const Tensor q = queries(layer, s);
    return squeeze(squeeze(gradus::attention_weights(q, source.keys, 1, options(layer, q, source), place), 1), 1);
  }

  /// c_j: s [batch, query_dim] -> [batch, source_dim]. One op, which does not store alpha.
  Tensor context(const Tensor& s, const KeyValues& source, Place place = Place::current()) const {
    const LayerCall layer{"MultiplicativeAttention", path, place};
    const Tensor q = queries(layer, s);
    return squeeze(attention(q, source.keys, source.values, 1, options(layer, q, source), place), 1);
  }

 private:
  Tensor queries(const LayerCall& layer, const Tensor& s) const {
    check_shape(layer, "s", s, {"batch", query_dim});
    return unsqueeze(s, 1);
  }
  static AttentionOptions options(const LayerCall& layer, const Tensor& q, const KeyValues& source) {
    return options_for(layer, q, source, 1, {.scale = 1});
  }
};

}  // namespace gradus::nn
