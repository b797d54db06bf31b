#pragma once

#include <fmt/format.h>

#include <initializer_list>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/ops/shape.h>

// For norms of x [batch, channels, ...] with a weight and a bias [channels].
namespace gradus {

/// x [batch, channels, ...] as [batch, channels, inner]; without elements, batch and inner are 0.
struct Channels {
  Index batch, count, inner;
  explicit Channels(const Shape& s)
      : batch(s.numel() == 0 ? 0 : s[0]),
        count(s[1]),
        inner(s.numel() == 0 ? 0 : Shape(s.begin() + 2, s.end()).numel()) {}
  Index numbers() const { return batch * inner; }  // of one channel
};

/// Throws unless x is floating with two axes or more, and each vector is undefined or [channels] of the same dtype.
inline void check_operands(const OpName& op, const Tensor& x, std::initializer_list<const Tensor*> vectors) {
  check_floating(op, x);
  if (x.rank() < 2) throw Error(fmt::format("{}: x {} must be [batch, channels, ...]", op.name, describe(x)), op.place);
  for (const Tensor* t : vectors) {
    if (t->defined() && (!(t->shape() == Shape{x.shape()[1]}) || t->dtype() != x.dtype())) {
      throw Error(fmt::format("{}: {} does not fit x {}, expected [{}] of the same dtype", op.name, describe(*t),
                              describe(x), x.shape()[1]),
                  op.place);
    }
  }
}

/// A vector [channels] that broadcasts to x.
inline Tensor per_channel(const Tensor& v, const Tensor& x) {
  Shape shape{x.shape()[1]};
  for (Index axis = 2; axis < x.rank(); ++axis) shape.push_back(1);
  return reshape(v, shape);
}

/// y = (x - mean) scale + shift
template <class T>
[[gnu::noinline]] void normalise(Index n, T mean, T scale, T shift, const T* __restrict x, T* __restrict y) {
  for (Index i = 0; i < n; ++i) y[i] = (x[i] - mean) * scale + shift;
}

}  // namespace gradus
