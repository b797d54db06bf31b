#pragma once

#include <gradus/autograd/foundation/internal/bf16_kernels.h>
#include <gradus/autograd/foundation/internal/gemm.h>

namespace gradus::bf16 {

/// C = onto + op(A) op(B), row-major, as gradus::gemm. The numbers of A and B are rounded to the nearest bf16; Multiply
/// has the order of the sums. So the bits of an element depend on its row of op(A), its column of op(B) and its start
/// alone: not on its position, the kernel, the division of the work or zeros appended along k.
void gemm(blas::Transpose a_op, blas::Transpose b_op, Index m, Index n, Index k, const float* a, Index lda,
          const float* b, Index ldb, Onto<float> onto, float* c, Index ldc, const Kernel& kernel = kernels().front());

/// op(B) [k, n] as gemm reads it, for several products: packed_words(n, k) words.
Index packed_words(Index n, Index k);
void pack(blas::Transpose b_op, Index n, Index k, const float* b, Index ldb, Word* packed,
          const Kernel& kernel = kernels().front());
/// C = onto + A op(B), with the bits of gemm.
void gemm_packed(Index m, Index n, Index k, const float* a, Index lda, const Word* packed, Onto<float> onto, float* c,
                 Index ldc, const Kernel& kernel = kernels().front());

}  // namespace gradus::bf16
