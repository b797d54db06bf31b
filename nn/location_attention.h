#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/nn/attention.h>

namespace gradus::nn {

/// Location-aware attention (Chorowski et al. 2015, eq. 8-9): score_ij = vᵀ tanh(W [h_i; s_j] + U f_ij), where f_ij is
/// a convolution of alpha_{j-1}. Convolution and U are one matrix, as nothing lies between them: U f_ij = L a_ij with
/// the window a_ij = [alpha_{i-r,j-1} .. alpha_{i+r,j-1}], whose numbers outside of the source are 0.
struct LocationAttention : AdditiveAttention {
  Linear location;  // L [dim, 2r + 1]

  /// Throws unless radius >= 0.
  LocationAttention(Scope scope, Index query_dim, Index source_dim, Index dim, Index radius = 5)
      : AdditiveAttention(scope, query_dim, source_dim, dim),
        location(scope / "location", 2 * checked(radius, scope) + 1, dim, false) {}

  /// alpha_0 [batch, S] = 0
  Tensor first_weights(const KeyValues& source) const {
    return Tensor::zeros({source.keys.size(0), source.keys.size(1)}, source.keys.dtype());
  }

  /// The source of step j, for the functions of AdditiveAttention: its keys are W_h h_i + L a_ij. `before` is
  /// alpha_{j-1} [batch, S].
  KeyValues located(const KeyValues& source, const Tensor& before, Place place = Place::current()) const {
    const LayerCall layer{"LocationAttention", path, place};
    check_input(layer, "source.keys", source.keys, key.weight.dtype(), {"batch", "source", key.weight.shape()[0]});
    check_input(layer, "the weights before", before, key.weight.dtype(),
                {source.keys.shape()[0], source.keys.shape()[1]});
    return {source.keys + location(windows(before), place), source.values, source.mask};
  }

 private:
  static Index checked(Index radius, const Scope& scope) {
    if (radius >= 0) return radius;
    throw Error("LocationAttention '" + scope.path() + "' has the radius " + std::to_string(radius) +
                "; expected at least 0");
  }

  /// a_ij: [batch, S] -> [batch, S, 2r + 1]
  Tensor windows(const Tensor& alpha) const {
    const Index batch = alpha.shape()[0], sources = alpha.shape()[1], width = location.weight.shape()[1];
    const Tensor outside = Tensor::zeros({batch, width / 2}, alpha.dtype());
    std::vector<Index> ids;
    for (Index i = 0; i < sources; ++i)
      for (Index k = 0; k < width; ++k) ids.push_back(i + k);
    const Tensor columns = index_select(concat({outside, alpha, outside}, 1), 1, Tensor::from(ids, {sources * width}));
    return reshape(columns, {batch, sources, width});
  }
};

}  // namespace gradus::nn
