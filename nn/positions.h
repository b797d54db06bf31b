#pragma once

#include <cmath>
#include <string>

#include <gradus/autograd/ops.h>
#include <gradus/nn/parameters.h>

namespace gradus::nn {

/// PE(pos, 2i) = sin(pos / 10000^(2i/dim)), PE(pos, 2i+1) = cos of the same (Vaswani et al. 2017, 3.5): [length, dim].
inline Tensor sinusoidal_table(Index length, Index dim, DType dtype = DType::f32) {
  Tensor table = Tensor::empty({length, dim}, dtype);
  dispatch_floating(dtype, [&](auto zero) {
    using T = decltype(zero);
    T* out = table.mutable_data<T>();
    for (Index position = 0; position < length; ++position)
      for (Index i = 0; i < dim; ++i) {
        const double even = static_cast<double>(i - i % 2);
        const double angle = static_cast<double>(position) * std::pow(10000.0, -even / static_cast<double>(dim));
        *out++ = static_cast<T>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
      }
  });
  return table;
}

namespace detail {
/// x [batch, time, dim] + table[start, start + time); throws when the table ends before that.
inline Tensor add_positions(const Tensor& x, const Tensor& table, Index start, const Place& place) {
  const Index time = x.size(-2, place);
  if (start + time > table.size(0))
    throw Error("positions: the sequence reaches length " + std::to_string(start + time) +
                    ", but the model has positions for " + std::to_string(table.size(0)) +
                    "; shorten it or train with a larger maximum length",
                place);
  return add(x, narrow(table, 0, start, time), place);
}
}  // namespace detail

/// x + PE, without parameters. x [batch, time, dim]; `start` is the position of the first of its steps.
/// Throws beyond `max_length`.
struct SinusoidalPositions {
  Tensor table;  // [max_length, dim]

  SinusoidalPositions(Index max_length, Index dim, DType dtype = DType::f32)
      : table(sinusoidal_table(max_length, dim, dtype)) {}

  Tensor operator()(const Tensor& x, Index start = 0, Place place = Place::current()) const {
    return detail::add_positions(x, table, start, place);
  }
};

/// x + a learned vector for each position, drawn from N(0, 0.02²) at first. Throws beyond `max_length`.
struct LearnedPositions {
  Tensor weight;  // [max_length, dim]

  LearnedPositions(Scope scope, Index max_length, Index dim)
      : weight(scope.normal("weight", {max_length, dim}, 0.02)) {}

  Tensor operator()(const Tensor& x, Index start = 0, Place place = Place::current()) const {
    return detail::add_positions(x, weight, start, place);
  }
};

}  // namespace gradus::nn
