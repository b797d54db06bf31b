#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include <gradus/autograd/foundation/sizes.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/parameters.h>

// Biases of attention's scores that depend on the distance between query and source, for AttentionOptions::bias.
// `start` is the position of the first query: with the keys of earlier positions kept, step t has one target, t + 1
// sources and start t.
namespace gradus::nn {

/// ALiBi (Press et al. 2022): -m_h |t - s| with the slopes m_h = 2^(-8 h / heads), h = 1 .. heads -> [heads, T, S].
/// Where heads is not a power of two, the slopes are those of the next lower power p, then every other one of 2 p.
/// Sources after the query have `later` times the slope: with 1 a sequence and its reverse have the same biases, which
/// is no matter under a causal mask. Throws an Error for an impossible shape, a negative start and a `later` of NaN.
inline Tensor alibi(Index heads, Index targets, Index sources, Index start = 0, DType dtype = DType::f32,
                    double later = 1, Place place = Place::current()) {
  check_start("alibi", start, targets, place);
  if (std::isnan(later)) throw Error("alibi: later is NaN; expected a number", place);
  Tensor bias = Tensor::empty({heads, targets, sources}, dtype, place);
  if (bias.numel() == 0) return bias;
  Index power = 1;
  while (power <= heads / 2) power *= 2;
  const auto slope = [&](Index h) {
    const double step = h < power ? 8.0 / static_cast<double>(power) : 4.0 / static_cast<double>(power);
    return std::exp2(-step * static_cast<double>(h < power ? h + 1 : 2 * (h - power) + 1));
  };
  dispatch_floating(dtype, [&](auto zero) {
    using T = decltype(zero);
    T* out = bias.mutable_data<T>();
    for (Index h = 0; h < heads; ++h)
      for (Index t = start; t < start + targets; ++t)
        for (Index s = 0; s < sources; ++s)
          *out++ = static_cast<T>(-slope(h) * (s > t ? later : 1.0) * static_cast<double>(std::abs(t - s)));
  });
  return bias;
}

/// A learned bias per head and distance s - t, with distances beyond ±max_distance as that one (Shaw et al. 2018; one
/// number per head as in Raffel et al. 2020). Initially 0.
struct RelativeBias {
  Tensor weight;  // [2 max_distance + 1, heads]: the distances -max_distance .. max_distance

  /// Throws unless max_distance >= 0.
  RelativeBias(Scope scope, Index heads, Index max_distance) : weight(table(scope, heads, max_distance)) {}

  /// -> [heads, T, S]. Throws an Error for an impossible shape and a negative start.
  Tensor operator()(Index targets, Index sources, Index start = 0, Place place = Place::current()) const {
    const Index max_distance = weight.shape()[0] / 2, heads = weight.shape()[1];
    check_start("RelativeBias", start, targets, place);
    Tensor ids = Tensor::empty({targets, sources}, DType::i64, place);
    Index* id = ids.mutable_data<Index>();
    for (Index t = start; sources > 0 && t < start + targets; ++t)
      for (Index s = 0; s < sources; ++s) *id++ = std::clamp(s - t, -max_distance, max_distance) + max_distance;
    const Tensor rows = index_select(weight, 0, reshape(ids, {ids.numel()}), place);
    return permute(reshape(rows, {targets, sources, heads}), {2, 0, 1});
  }

 private:
  static Tensor table(Scope scope, Index heads, Index max_distance) {
    if (heads < 1 || max_distance < 0) {
      throw Error("RelativeBias '" + scope.path() + "' has " + std::to_string(heads) + " heads and max_distance " +
                  std::to_string(max_distance) + "; expected at least 1 head and a distance of at least 0");
    }
    return scope.zeros("weight", {add_sat(mul_sat(2, max_distance), 1), heads});
  }
};

}  // namespace gradus::nn
