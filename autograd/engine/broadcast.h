#pragma once

#include <array>

#include <gradus/autograd/engine/node.h>

namespace gradus {

/// The shape of a and b together by NumPy's rule: shapes align at the end, and extents are equal or 1. The error names
/// both shapes and the axis.
Shape broadcast_shapes(const OpName& op, const Shape& a, const Shape& b);

/// Whether a tensor of shape `from` broadcasts to `to`.
bool broadcasts_to(const Shape& from, const Shape& to);

/// The strides that read a tensor of shape `from` as shape `to`: 0 along repeated axes.
std::array<Index, Shape::max_rank> broadcast_strides(const Shape& from, const Shape& to);

/// Reads a tensor as if it were expanded to a broadcast shape, a run of neighbouring elements at a time.
class BroadcastReader {
 public:
  /// For a shape `from` that broadcasts to `to`; not checked.
  BroadcastReader(const Shape& from, const Shape& to);
  /// Whether the expanded tensor is the tensor itself.
  bool direct() const { return direct_; }
  /// Whether the tensor has only one element.
  bool constant() const { return rank_ == 1 && strides_[0] == 0; }
  /// Copies the expanded elements [begin, begin + count) to out.
  template <class T>
  void read(const T* x, Index begin, Index count, T* out) const {
    const Index row = extents_[rank_ - 1], inner = strides_[rank_ - 1];
    Index column = begin % row;
    for (Index line = begin / row; count > 0; ++line, column = 0) {
      const Index n = count < row - column ? count : row - column;
      const T* from = x + line_offset(line) + column * inner;
      if (inner == 1) {
        for (Index i = 0; i < n; ++i) out[i] = from[i];
      } else if (inner == 0) {
        const T v = *from;
        for (Index i = 0; i < n; ++i) out[i] = v;
      } else {
        for (Index i = 0; i < n; ++i) out[i] = from[i * inner];
      }
      out += n;
      count -= n;
    }
  }

 private:
  Index line_offset(Index line) const {
    Index offset = 0;
    for (std::size_t d = rank_ - 1; d-- > 0;) {
      offset += line % extents_[d] * strides_[d];
      line /= extents_[d];
    }
    return offset;
  }

  // Neighbouring axes with one common stride are merged.
  std::array<Index, Shape::max_rank> extents_{}, strides_{};
  std::size_t rank_ = 1;
  bool direct_ = false;
};

}  // namespace gradus
