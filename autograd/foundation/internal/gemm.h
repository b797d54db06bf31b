#pragma once

#include <gradus/autograd/foundation/internal/blas.h>

namespace gradus {

/// The start value of a product: nothing, or rows `step` numbers apart. Step 0 repeats one row.
template <class T>
struct Onto {
  const T* rows = nullptr;
  Index step = 0;
};

/// How a product is computed.
/// - fastest: by OpenBLAS if it is too large for the caches, or large with a transposed A; otherwise by the kernels of
///   gradus. The products of OpenBLAS are divided among the threads by shape, and are not divided inside a shard.
/// - by_rows (op(A) = A only): by the kernels of gradus. An element of C is one sum in the order of k, so its bits do
///   not depend on its position or on the division of the work.
/// - bf16: f32 matrices by bf16::gemm, whose elements do not depend on those either; f64 matrices as fastest.
enum class Arithmetic { fastest, by_rows, bf16 };

/// That of this thread's modes: bf16 under Bf16Products, else by_rows under RowInvariant unless A is transposed.
Arithmetic arithmetic_of_thread(bool a_transposed);

/// C = onto + op(A) op(B), row-major; `onto` may be C itself.
template <class T>
void gemm(blas::Transpose a_op, blas::Transpose b_op, Index m, Index n, Index k, const T* a, Index lda, const T* b,
          Index ldb, Onto<T> onto, T* c, Index ldc, Arithmetic arithmetic = Arithmetic::fastest);

/// The numbers that pack_transposed writes for B [n, k].
template <class T>
Index packed_numbers(Index n, Index k);
/// Copies B [n, k] in the order in which products by_rows read Bᵀ, for products that read it many times.
template <class T>
void pack_transposed(Index n, Index k, const T* b, T* packed);
/// C = onto + A Bᵀ with Arithmetic::by_rows and the same bits, from the copy of B.
template <class T>
void gemm_packed(Index m, Index n, Index k, const T* a, Index lda, const T* packed, Onto<T> onto, T* c, Index ldc);

/// C[i, j] = Σ_p a[i * a_row + p * a_column] * b[p * ldb + j] for j < n, for matrices in cache; a_row or a_column is
/// 1. Adds in the order of p: a row has the same bits alone and among others, and zeros appended to a do not change
/// them. Columns are computed in groups of 16: b must be readable, and c writable, up to n rounded up to 16.
template <class T>
void small_gemm(Index m, Index n, Index k, const T* a, Index a_row, Index a_column, const T* b, Index ldb, T* c,
                Index ldc, bool accumulate = false);

}  // namespace gradus
