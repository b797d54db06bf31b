#pragma once

#include <string>

#include <gradus/autograd/foundation/types.h>

// The door to OpenBLAS. It is opened at run time, so that its kernel can be chosen before it initialises: an OpenBLAS
// older than the CPU otherwise falls back to kernels that are several times slower. OPENBLAS_CORETYPE in the
// environment wins.
namespace gradus::blas {

enum class Transpose : bool { no, yes };

/// C = alpha op(A) op(B) + beta C, row-major; op(A) [m, k], op(B) [k, n], C [m, n]; on the calling thread alone.
void gemm(Transpose a_op, Transpose b_op, Index m, Index n, Index k, float alpha, const float* a, Index lda,
          const float* b, Index ldb, float beta, float* c, Index ldc);
void gemm(Transpose a_op, Transpose b_op, Index m, Index n, Index k, double alpha, const double* a, Index lda,
          const double* b, Index ldb, double beta, double* c, Index ldc);

struct Description {
  std::string library;    // path
  std::string config;     // what OpenBLAS says of its build
  std::string kernel;     // the kernel set in use, "SkylakeX"
  std::string chosen_by;  // "gradus", "OPENBLAS_CORETYPE" or "OpenBLAS"
};
Description describe();

}  // namespace gradus::blas
