#pragma once

#include <gradus/autograd/foundation/internal/blas.h>

namespace gradus {

/// What a product is added to: nothing, or rows `step` numbers apart; 0 for the same row each time.
template <class T>
struct Onto {
  const T* rows = nullptr;
  Index step = 0;
};

/// C = op(A) op(B), added onto `onto`, which may be C itself; row-major. Products of many multiply-adds whose A is
/// transposed, and those too large for the caches, are OpenBLAS's, cut by shape over the threads (whole inside a
/// shard). All others go through kernels of our own, which need no second copy of A: there an element of C is one sum
/// in the order of k, so its bits are the same wherever it stands and however the work is cut. `by_rows` (op(A) = A)
/// asks for them always.
template <class T>
void gemm(blas::Transpose a_op, blas::Transpose b_op, Index m, Index n, Index k, const T* a, Index lda, const T* b,
          Index ldb, Onto<T> onto, T* c, Index ldc, bool by_rows = false);

/// C[i, j] = Σ_p a[i * a_row + p * a_column] * b[p * ldb + j] for j < n, where a_row or a_column is 1: products in
/// cache. Adds in the order of p, so a row has the same bits alone and among others, and zeros appended to a change
/// nothing. Columns are computed in whole groups of 16: b and c must be readable and writable up to n rounded up to 16.
template <class T>
void small_gemm(Index m, Index n, Index k, const T* a, Index a_row, Index a_column, const T* b, Index ldb, T* c,
                Index ldc, bool accumulate = false);

}  // namespace gradus
