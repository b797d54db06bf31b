#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include <gradus/autograd/foundation/types.h>

// Sums of rows, each column in the tree of TreeSum (lanes.h): the error grows with the logarithm of the number of rows,
// and rows of zeros at the end do not change the bits.
namespace gradus {

/// Rows of numbers, summed one after the other. The caller writes each to next() and calls add().
template <class T>
class RowSums {
 public:
  /// The rows of a buffer for at most `most` rows.
  static constexpr Index levels(Index most) { return std::bit_width(static_cast<std::uint64_t>(most)) + 1; }
  /// The buffer is [levels, columns].
  RowSums(Index columns, T* buffer) : columns_(columns), spare_(buffer), sums_(buffer + columns) {}

  T* next() const { return count_ & 1 ? spare_ : sums_; }
  void add() {
    T* sum = sums_;
    for (Index n = count_++; n & 1; n >>= 1, sum += columns_) add_rows(sum, spare_, n & 2 ? spare_ : sum + columns_);
  }
  void total(T* out) const {
    std::fill_n(out, columns_, T(0));
    const T* sum = sums_;
    for (Index n = count_; n; n >>= 1, sum += columns_)
      if (n & 1) add_rows(sum, out, out);
  }

 private:
  void add_rows(const T* sum, const T* row, T* to) const {
    for (Index i = 0; i < columns_; ++i) to[i] = sum[i] + row[i];
  }

  Index columns_, count_ = 0;
  T *spare_, *sums_;  // the k-th sum: of 2^k rows, if bit k of the count is set
};

/// out[i] = Σ_r x[r, i], with x [rows, columns].
template <class T>
void sum_rows(const T* x, Index rows, Index columns, T* out);

}  // namespace gradus
