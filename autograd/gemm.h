#pragma once

#include "autograd/blas.h"

namespace gradus {

/// C = op(A) op(B) + beta C, row-major, cut by shape over the threads: along the rows of C when there are many, else
/// along its columns; small products stay whole. beta is 0 or 1.
template <class T>
void gemm(blas::Transpose a_op, blas::Transpose b_op, Index m, Index n, Index k, const T* a, Index lda, const T* b,
          Index ldb, T beta, T* c, Index ldc);

/// C = A op(B) + beta C, each row of C the same bits whatever m is (inside OpenBLAS they depend on a row's position).
template <class T>
void gemm_by_rows(blas::Transpose b_op, Index m, Index n, Index k, const T* a, const T* b, Index ldb, T beta, T* c);

/// C[i, j] = Σ_p a[i * a_row + p * a_column] * b[p * ldb + j] for j < n: small products in cache, without BLAS. Adds in
/// the order of p, so a row has the same bits alone and among others, and zeros appended to a change nothing. Columns
/// are computed in whole groups of 16: b and c must be readable and writable up to n rounded up to 16.
template <class T>
void small_gemm(Index m, Index n, Index k, const T* a, Index a_row, Index a_column, const T* b, Index ldb, T* c,
                Index ldc, bool accumulate = false);

}  // namespace gradus
