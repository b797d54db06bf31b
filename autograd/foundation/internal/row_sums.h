#pragma once

#include <gradus/autograd/foundation/types.h>

namespace gradus {

/// out[i] = Σ_r x[r, i], with x [rows, columns]. Each column is added in a fixed tree: the error grows with the
/// logarithm of the number of rows, and the bits depend neither on the number of columns nor on rows of zeros at the
/// end.
template <class T>
void sum_rows(const T* x, Index rows, Index columns, T* out);

/// sum += x, for n elements of any dtype. The two do not overlap.
template <class T>
void add_row(Index n, const T* x, T* sum);

}  // namespace gradus
