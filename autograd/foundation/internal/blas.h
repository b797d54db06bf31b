#pragma once

#include <string>

#include <gradus/autograd/foundation/types.h>

// OpenBLAS, loaded at run time, so that its kernel can be chosen before it initialises: an OpenBLAS older than the CPU
// falls back to kernels that are several times slower. OPENBLAS_CORETYPE in the environment overrides the choice.
namespace gradus::blas {

enum class Transpose : bool { no, yes };

/// C = alpha op(A) op(B) + beta C, row-major; op(A) [m, k], op(B) [k, n], C [m, n]; on the calling thread. Throws
/// OutOfMemory when there is no room for a buffer of OpenBLAS.
void gemm(Transpose a_op, Transpose b_op, Index m, Index n, Index k, float alpha, const float* a, Index lda,
          const float* b, Index ldb, float beta, float* c, Index ldc);
void gemm(Transpose a_op, Transpose b_op, Index m, Index n, Index k, double alpha, const double* a, Index lda,
          const double* b, Index ldb, double beta, double* c, Index ldc);

struct Description {
  std::string library;    // path
  std::string config;     // OpenBLAS's description of its build
  std::string kernel;     // the kernel in use, such as "SkylakeX"
  std::string chosen_by;  // "gradus", "OPENBLAS_CORETYPE" or "OpenBLAS"
};
Description describe();

}  // namespace gradus::blas
