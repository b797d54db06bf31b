#include "autograd/gemm.h"

#include <algorithm>
#include <vector>

#include "autograd/parallel.h"
#include "autograd/reduce.h"

namespace gradus {

namespace {

// A piece below this many multiply-adds is not worth a task.
constexpr Index piece_work = Index{1} << 18;
constexpr Index most_pieces = 16;

Index rounded_up(Index n, Index to) { return (n + to - 1) / to * to; }

}  // namespace

template <class T>
void gemm(blas::Transpose a_op, blas::Transpose b_op, Index m, Index n, Index k, const T* a, Index lda, const T* b,
          Index ldb, T beta, T* c, Index ldc) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (beta == T(0))
      for (Index i = 0; i < m; ++i) std::fill_n(c + i * ldc, n, T(0));
    return;
  }
  const bool a_plain = a_op == blas::Transpose::no, b_plain = b_op == blas::Transpose::no;
  const Index pieces = std::clamp<Index>(m * n * k / piece_work, 1, most_pieces);
  if (m >= 128) {
    const Index rows = std::max<Index>(64, rounded_up((m + pieces - 1) / pieces, 32));
    parallel_for(m, rows, [&](Index begin, Index end) {
      blas::gemm(a_op, b_op, end - begin, n, k, T(1), a + begin * (a_plain ? lda : 1), lda, b, ldb, beta,
                 c + begin * ldc, ldc);
    });
  } else {
    const Index columns = std::max<Index>(64, rounded_up((n + pieces - 1) / pieces, 32));
    parallel_for(n, columns, [&](Index begin, Index end) {
      blas::gemm(a_op, b_op, m, end - begin, k, T(1), a, lda, b + begin * (b_plain ? 1 : ldb), ldb, beta, c + begin,
                 ldc);
    });
  }
}

namespace {

template <class T, Index Rows, Index Columns>
[[gnu::always_inline]] inline void small_tile(Index k, const T* a, Index a_row, Index a_column, const T* b, Index ldb,
                                              T* c, Index ldc, bool accumulate) {
  T sums[Rows][Columns];
  for (Index r = 0; r < Rows; ++r)
    for (Index j = 0; j < Columns; ++j) sums[r][j] = accumulate ? c[r * ldc + j] : T(0);
  for (Index p = 0; p < k; ++p) {
    const T* row = b + p * ldb;
    for (Index r = 0; r < Rows; ++r) {
      const T v = a[r * a_row + p * a_column];
      for (Index j = 0; j < Columns; ++j) sums[r][j] += v * row[j];
    }
  }
  for (Index r = 0; r < Rows; ++r)
    for (Index j = 0; j < Columns; ++j) c[r * ldc + j] = sums[r][j];
}

// Tiles of Rows rows, then narrower ones for what is left. Enough sums are under way at once to keep the adders busy.
template <class T, Index Columns, Index Rows>
void small_columns(Index m, Index k, const T* a, Index a_row, Index a_column, const T* b, Index ldb, T* c, Index ldc,
                   bool accumulate) {
  Index i = 0;
  for (; i + Rows <= m; i += Rows)
    small_tile<T, Rows, Columns>(k, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc, accumulate);
  if constexpr (Rows > 1)
    small_columns<T, Columns, Rows / 2>(m - i, k, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc, accumulate);
}

}  // namespace

template <class T>
void small_gemm(Index m, Index n, Index k, const T* a, Index a_row, Index a_column, const T* b, Index ldb, T* c,
                Index ldc, bool accumulate) {
  Index j = 0;
  for (; j + 32 <= rounded_up(n, lanes); j += 32)
    small_columns<T, 32, 4>(m, k, a, a_row, a_column, b + j, ldb, c + j, ldc, accumulate);
  for (; j < n; j += lanes) small_columns<T, lanes, 8>(m, k, a, a_row, a_column, b + j, ldb, c + j, ldc, accumulate);
}

template <class T>
void gemm_by_rows(blas::Transpose b_op, Index m, Index n, Index k, const T* a, const T* b, Index ldb, T beta, T* c) {
  constexpr Index width = 2 * lanes;
  parallel_for(n, width, [&](Index begin, Index end) {
    const Index columns = end - begin;
    std::vector<T> panel(static_cast<std::size_t>(k * width)), result(static_cast<std::size_t>(m * width));
    for (Index p = 0; p < k; ++p)
      for (Index j = 0; j < columns; ++j)
        panel[static_cast<std::size_t>(p * width + j)] =
            b_op == blas::Transpose::yes ? b[(begin + j) * ldb + p] : b[p * ldb + begin + j];
    if (beta != T(0))
      for (Index i = 0; i < m; ++i) std::copy_n(c + i * n + begin, columns, result.data() + i * width);
    small_gemm(m, width, k, a, k, Index{1}, panel.data(), width, result.data(), width, true);
    for (Index i = 0; i < m; ++i) std::copy_n(result.data() + i * width, columns, c + i * n + begin);
  });
}

#define GRADUS_GEMM(T)                                                                                               \
  template void gemm(blas::Transpose, blas::Transpose, Index, Index, Index, const T*, Index, const T*, Index, T, T*, \
                     Index);                                                                                         \
  template void gemm_by_rows(blas::Transpose, Index, Index, Index, const T*, const T*, Index, T, T*);                \
  template void small_gemm(Index, Index, Index, const T*, Index, Index, const T*, Index, T*, Index, bool);
GRADUS_GEMM(float)
GRADUS_GEMM(double)
#undef GRADUS_GEMM

}  // namespace gradus
