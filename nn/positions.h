#pragma once

#include <cmath>
#include <string>

#include <gradus/autograd/foundation/sizes.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/slicing.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/parameters.h>

namespace gradus::nn {

/// A vector for each position: x [batch, time, dim] -> x + table[start .. start + time).
struct PositionTable {
  Tensor table;      // [max_length, dim]
  std::string path;  // of the scope, for messages

  /// The number of positions.
  Index max_length() const { return table.size(0); }

  /// `start` is the position of the first step of x. Throws when the sequence is longer than max_length.
  Tensor operator()(const Tensor& x, Index start = 0, Place place = Place::current()) const {
    const LayerCall layer{"Positions", path, place};
    check_input(layer, "x", x, table.dtype(), {"...", "time", table.shape()[1]});
    const Index time = x.shape()[-2];
    if (start < 0)
      throw Error("'" + path + "' got the position " + std::to_string(start) + " of the first step", place);
    if (start > max_length() - time) {
      throw Error("a sequence of " + std::to_string(add_sat(start, time)) + " tokens is longer than the " +
                      std::to_string(max_length()) + " positions of '" + path +
                      "'; shorten it or train with a larger max_length",
                  place);
    }
    return add({x, place}, narrow(table, 0, start, time));
  }
};

/// PE(pos, 2i) = sin(pos / 10000^(2i/dim)), PE(pos, 2i+1) = cos of the same (Vaswani et al. 2017, 3.5): [length, dim].
inline Tensor sinusoidal_table(Index length, Index dim, DType dtype = DType::f32) {
  Tensor table = Tensor::empty({length, dim}, dtype);
  dispatch_floating(dtype, [&](auto zero) {
    using T = decltype(zero);
    T* out = table.mutable_data<T>();
    for (Index position = 0; position < length; ++position) {
      for (Index i = 0; i < dim; ++i) {
        const double even = static_cast<double>(i - i % 2);
        const double angle = static_cast<double>(position) * std::pow(10000.0, -even / static_cast<double>(dim));
        *out++ = static_cast<T>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
      }
    }
  });
  return table;
}

/// x + PE, without parameters.
struct SinusoidalPositions : PositionTable {
  SinusoidalPositions(Scope scope, Index max_length, Index dim)
      : PositionTable{sinusoidal_table(max_length, dim, scope.dtype()), scope.path()} {}
};

/// x + a learned vector per position, with initial values from N(0, 0.02²).
struct LearnedPositions : PositionTable {
  LearnedPositions(Scope scope, Index max_length, Index dim)
      : PositionTable{scope.normal("weight", {max_length, dim}, 0.02), scope.path()} {}
};

}  // namespace gradus::nn
