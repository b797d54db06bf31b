#include <gradus/autograd/foundation/internal/gemm.h>

#include <algorithm>
#include <array>
#include <bit>
#include <type_traits>
#include <utility>

#include <gradus/autograd/foundation/internal/bf16_gemm.h>
#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/internal/scratch.h>
#include <gradus/autograd/foundation/internal/simd.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/thread_modes.h>

namespace gradus {

namespace {

Index rounded_up(Index n, Index to) { return (n + to - 1) / to * to; }

// The kernels of gradus
// ---------------------------------------------------------------------------------------------------

// A panel is two registers of columns of B. A tile of C is one panel wide; its sums stay in registers.
template <class T>
constexpr Index panel = 2 * simd::lanes_of<T>;
template <class T>
constexpr Index tile_rows = simd::registers == 32 ? 8 : 4;

// The number of rows of B per pass: a panel of them fits in the second-level cache. If A is transposed, each row of B
// meets another page of A.
constexpr Index deepest(bool a_transposed) { return a_transposed ? 256 : 1024; }

// The tile of C = start + A B. One stride of a is 1: with by_rows the one along p.
template <class T, Index Rows, Index Vectors, bool by_rows>
[[gnu::always_inline]] inline void tile(Index k, const T* a, Index a_step, const T* b, Index ldb, const T* start,
                                        Index start_step, T* c, Index ldc) {
  using V = simd::Vector<T>;
  constexpr Index width = simd::lanes_of<T>;
  V sums[Rows][Vectors];
#pragma GCC unroll 8
  for (Index r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (Index j = 0; j < Vectors; ++j) sums[r][j] = simd::load<V>(start + r * start_step + j * width);
  for (Index p = 0; p < k; ++p) {
    V row[Vectors];
#pragma GCC unroll 2
    for (Index j = 0; j < Vectors; ++j) row[j] = simd::load<V>(b + p * ldb + j * width);
#pragma GCC unroll 8
    for (Index r = 0; r < Rows; ++r) {
      const T v = by_rows ? a[r * a_step + p] : a[p * a_step + r];
#pragma GCC unroll 2
      for (Index j = 0; j < Vectors; ++j) sums[r][j] += v * row[j];
    }
  }
#pragma GCC unroll 8
  for (Index r = 0; r < Rows; ++r)
#pragma GCC unroll 2
    for (Index j = 0; j < Vectors; ++j) simd::store(c + r * ldc + j * width, sums[r][j]);
}

template <class T>
using Tile = void (*)(Index k, const T* a, Index a_step, const T* b, Index ldb, const T* start, Index start_step, T* c,
                      Index ldc);

// The tile of each number of rows from 1 on.
template <class T, Index Vectors, bool by_rows, std::size_t... rows>
constexpr std::array<Tile<T>, sizeof...(rows)> smaller_tiles(std::index_sequence<rows...>) {
  return {[](Index k, const T* a, Index a_step, const T* b, Index ldb, const T* start, Index start_step, T* c,
             Index ldc) { tile<T, rows + 1, Vectors, by_rows>(k, a, a_step, b, ldb, start, start_step, c, ldc); }...};
}

// One or two vectors of columns, all rows: tiles of Rows rows, and of two halves for the last rows, because the sums of
// a tile of few rows wait for each other.
template <class T, Index Rows, Index Vectors, bool by_rows>
void tiles(Index m, Index k, const T* a, Index a_step, const T* b, Index ldb, const T* start, Index start_step, T* c,
           Index ldc) {
  static constexpr auto smaller = smaller_tiles<T, Vectors, by_rows>(std::make_index_sequence<Rows - 1>());
  Index i = 0;
  for (; m - i >= 2 * Rows - 1 || m - i == Rows; i += Rows) {
    tile<T, Rows, Vectors, by_rows>(k, a + i * (by_rows ? a_step : 1), a_step, b, ldb, start + i * start_step,
                                    start_step, c + i * ldc, ldc);
  }
  while (i < m) {
    const Index rows = m - i > Rows ? (m - i + 1) / 2 : m - i;
    smaller[static_cast<std::size_t>(rows - 1)](k, a + i * (by_rows ? a_step : 1), a_step, b, ldb,
                                                start + i * start_step, start_step, c + i * ldc, ldc);
    i += rows;
  }
}

// Columns in whole vectors.
template <class T>
void columns(bool by_rows, Index m, Index n, Index k, const T* a, Index a_step, const T* b, Index ldb, const T* start,
             Index start_step, T* c, Index ldc) {
  const auto two = by_rows ? tiles<T, tile_rows<T>, 2, true> : tiles<T, tile_rows<T>, 2, false>;
  const auto one = by_rows ? tiles<T, tile_rows<T>, 1, true> : tiles<T, tile_rows<T>, 1, false>;
  Index j = 0;
  for (; n - j > simd::lanes_of<T>; j += panel<T>) two(m, k, a, a_step, b + j, ldb, start + j, start_step, c + j, ldc);
  if (j < n) one(m, k, a, a_step, b + j, ldb, start + j, start_step, c + j, ldc);
}

// Columns [0, width) of op(B), rows [0, k), as a panel [k, panel].
template <class T>
void pack(bool transposed, const T* b, Index ldb, Index k, Index width, T* to) {
  constexpr Index block = simd::lanes_of<T>, step = panel<T>;
  if (!transposed && width == step) {
    using V = simd::Vector<T, step>;
    for (Index p = 0; p < k; ++p) simd::store(to + p * step, simd::load<V>(b + p * ldb));
    return;
  }
  // The rest of a panel is computed with, and dropped. Old memory there could hold subnormal numbers, which are slow.
  if (width < step) std::fill_n(to, k * step, T(0));
  if (!transposed) {
    for (Index p = 0; p < k; ++p) std::copy_n(b + p * ldb, width, to + p * step);
    return;
  }
  Index j = 0;
  for (; j + block <= width; j += block) {
    Index p = 0;
    for (; p + block <= k; p += block) simd::transpose_block(b + j * ldb + p, ldb, to + p * step + j, step);
    for (; p < k; ++p)
      for (Index i = j; i < j + block; ++i) to[p * step + i] = b[i * ldb + p];
  }
  for (; j < width; ++j)
    for (Index p = 0; p < k; ++p) to[p * step + j] = b[j * ldb + p];
}

template <class T>
void add_rows(Index n, const T* x, const T* __restrict y, T* sum) {
  for (Index i = 0; i < n; ++i) sum[i] = x[i] + y[i];
}

constexpr Index wide = 4;  // panels of wide_row

// One row of A times `wide` whole panels of a packed B [panel, k, panel width]: more sums at a time than a tile has, so
// that few of them wait for each other.
template <class T>
void wide_row(Index k, Index panel_step, const T* a, const T* b, const T* start, T* c) {
  using V = simd::Vector<T>;
  constexpr Index width = simd::lanes_of<T>;
  V sums[wide][2];
#pragma GCC unroll 4
  for (Index w = 0; w < wide; ++w)
#pragma GCC unroll 2
    for (Index j = 0; j < 2; ++j) sums[w][j] = simd::load<V>(start + w * panel<T> + j * width);
  for (Index p = 0; p < k; ++p) {
    const T v = a[p];
#pragma GCC unroll 4
    for (Index w = 0; w < wide; ++w)
#pragma GCC unroll 2
      for (Index j = 0; j < 2; ++j) sums[w][j] += v * simd::load<V>(b + w * panel_step + p * panel<T> + j * width);
  }
#pragma GCC unroll 4
  for (Index w = 0; w < wide; ++w)
#pragma GCC unroll 2
    for (Index j = 0; j < 2; ++j) simd::store(c + w * panel<T> + j * width, sums[w][j]);
}

// The rows [0, m) and columns [0, n) of C. `ready`: the panels of B, packed before; null: none are.
template <class T>
void by_panels(bool a_transposed, bool b_transposed, Index m, Index n, Index k, const T* a, Index lda, const T* b,
               Index ldb, Onto<T> onto, T* c, Index ldc, const T* ready = nullptr) {
  static constexpr T zeros[panel<T>] = {};
  // A panel is not packed for few rows of A. The rows of B may end inside its last vector.
  const bool packs = !ready && (b_transposed || m > 64);
  const Index most = deepest(a_transposed);
  if (!packs && !ready && k <= most && n % simd::lanes_of<T> == 0) {
    for (Index j = 0; j < n; j += panel<T>) {
      columns(!a_transposed, m, std::min(panel<T>, n - j), k, a, lda, b + j, ldb, onto.rows ? onto.rows + j : zeros,
              onto.rows ? onto.step : 0, c + j, ldc);
    }
    return;
  }
  const Scratch<T> packed(packs ? panel<T> * std::min(k, most) : 1);
  const Scratch<T> beside(n % simd::lanes_of<T> || k > most ? m * panel<T> : 1);
  for (Index j = 0; j < n; j += panel<T>) {
    for (Index p = 0; p < k; p += most) {
      const Index depth = std::min(most, k - p), width = std::min(panel<T>, n - j);
      const T* from = ready ? ready + j * k + p * panel<T> : b_transposed ? b + j * ldb + p : b + p * ldb + j;
      if (packs) pack(b_transposed, from, ldb, depth, width, packed.data());
      // A buffer holds columns that end inside a vector, and the sums of all blocks but the first. Thousands of small
      // numbers added one by one to a large sum would lose their last digits.
      const bool aside = width % simd::lanes_of<T> != 0 || p > 0, starts = onto.rows && !aside;
      T* to = aside ? beside.data() : c + j;
      const Index to_step = aside ? panel<T> : ldc;
      columns(!a_transposed, m, width, depth, a + (a_transposed ? p * lda : p), lda, packs ? packed.data() : from,
              ready || packs ? panel<T> : ldb, starts ? onto.rows + j : zeros, starts ? onto.step : 0, to, to_step);
      if (!aside) continue;
      const T* base = p > 0 ? c : onto.rows;
      for (Index i = 0; i < m; ++i)
        add_rows(width, base ? base + i * (p > 0 ? ldc : onto.step) + j : zeros, to + i * to_step, c + i * ldc + j);
    }
  }
}

// For few columns: dot products of rows of A and columns of B.
template <class T>
void by_dots(bool b_transposed, Index m, Index n, Index k, const T* a, Index lda, const T* b, Index ldb, Onto<T> onto,
             T* c, Index ldc) {
  const Scratch<T> columns_of_b(b_transposed ? 1 : k * n);
  if (!b_transposed) {
    for (Index j = 0; j < n; ++j)
      for (Index p = 0; p < k; ++p) columns_of_b[j * k + p] = b[p * ldb + j];
  }
  parallel_for(m, std::max<Index>(1, (Index{1} << 16) / (n * k)), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      for (Index j = 0; j < n; ++j) {
        const T *x = a + i * lda, *w = b_transposed ? b + j * ldb : columns_of_b.data() + j * k;
        const T sum = lane_sum<T>(k, [x, w](Index p) { return x[p] * w[p]; });
        c[i * ldc + j] = (onto.rows ? onto.rows[i * onto.step + j] : T(0)) + sum;
      }
    }
  });
}

// For few rows: dot products with the columns of B, whose elements are contiguous.
template <class T>
void rows_by_dots(Index m, Index n, Index k, const T* a, Index lda, const T* b, Index ldb, Onto<T> onto, T* c,
                  Index ldc) {
  const Scratch<T> sums(n);
  for (Index i = 0; i < m; ++i) {
    lane_dots(n, k, b, ldb, a + i * lda, sums.data());
    for (Index j = 0; j < n; ++j) c[i * ldc + j] = (onto.rows ? onto.rows[i * onto.step + j] : T(0)) + sums[j];
  }
}

// Pieces are large enough for a task, and packing a panel costs little compared with its use.
template <class T>
void by_panels_in_parallel(bool a_transposed, bool b_transposed, Index m, Index n, Index k, const T* a, Index lda,
                           const T* b, Index ldb, Onto<T> onto, T* c, Index ldc, const T* ready = nullptr) {
  constexpr Index piece_work = Index{1} << 20, piece_rows = 256;
  if (in_shard()) return by_panels(a_transposed, b_transposed, m, n, k, a, lda, b, ldb, onto, c, ldc, ready);
  const Index rows = std::min(m, piece_rows), row_pieces = (m + rows - 1) / rows,
              width = std::min(n, rounded_up(std::max<Index>(1, piece_work / (rows * k)), 2 * panel<T>)),
              column_pieces = (n + width - 1) / width;
  parallel_for(row_pieces * column_pieces, 1, [&](Index begin, Index end) {
    for (Index piece = begin; piece < end; ++piece) {
      const Index i = piece / column_pieces * rows, j = piece % column_pieces * width;
      Onto<T> part = onto;
      if (part.rows) part.rows += i * part.step + j;
      by_panels(a_transposed, b_transposed, std::min(rows, m - i), std::min(width, n - j), k,
                a + i * (a_transposed ? 1 : lda), lda, b + j * (b_transposed ? ldb : 1), ldb, part, c + i * ldc + j,
                ldc, ready ? ready + j * k : nullptr);
    }
  });
}

// OpenBLAS
// -------------------------------------------------------------------------------------------------------------

// Cut along both sides, because each piece packs its own copies of its rows of A and columns of B.
template <class T>
void by_blas(blas::Transpose a_op, blas::Transpose b_op, Index m, Index n, Index k, const T* a, Index lda, const T* b,
             Index ldb, Onto<T> onto, T* c, Index ldc) {
  const bool a_plain = a_op == blas::Transpose::no, b_plain = b_op == blas::Transpose::no;
  if (onto.rows && onto.rows != c)
    for (Index i = 0; i < m; ++i) std::copy_n(onto.rows + i * onto.step, n, c + i * ldc);
  const T beta = onto.rows ? T(1) : T(0);
  // The longer side is cut first. Pieces are at least 256 by 256; their number is a power of two, for equal loads.
  constexpr Index piece_work = Index{1} << 25, most_pieces = 16, smallest = 256;
  const Index wanted = in_shard() ? 1 : std::clamp<Index>(m * n * k / piece_work, 1, most_pieces);
  const auto power_of_two = [](Index pieces) {
    return static_cast<Index>(std::bit_floor(static_cast<std::uint64_t>(std::max<Index>(1, pieces))));
  };
  const Index along = power_of_two(std::min<Index>({wanted, 4, std::max(m, n) / smallest})),
              across = power_of_two(std::min(wanted / along, std::min(m, n) / smallest));
  const auto cut = [](Index extent, Index pieces) { return rounded_up((extent + pieces - 1) / pieces, 32); };
  const Index rows = cut(m, n > m ? across : along), width = cut(n, n > m ? along : across),
              column_pieces = (n + width - 1) / width;
  parallel_for((m + rows - 1) / rows * column_pieces, 1, [&](Index begin, Index end) {
    for (Index piece = begin; piece < end; ++piece) {
      const Index i = piece / column_pieces * rows, j = piece % column_pieces * width;
      blas::gemm(a_op, b_op, std::min(rows, m - i), std::min(width, n - j), k, T(1), a + i * (a_plain ? lda : 1), lda,
                 b + j * (b_plain ? 1 : ldb), ldb, beta, c + i * ldc + j, ldc);
    }
  });
}

}  // namespace

Arithmetic arithmetic_of_thread(bool a_transposed) {
  if (thread_modes.bf16_products) return Arithmetic::bf16;
  return thread_modes.row_invariant && !a_transposed ? Arithmetic::by_rows : Arithmetic::fastest;
}

template <class T>
void gemm(blas::Transpose a_op, blas::Transpose b_op, Index m, Index n, Index k, const T* a, Index lda, const T* b,
          Index ldb, Onto<T> onto, T* c, Index ldc, Arithmetic arithmetic) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (onto.rows == c) return;
    for (Index i = 0; i < m; ++i)
      onto.rows ? std::copy_n(onto.rows + i * onto.step, n, c + i * ldc) : std::fill_n(c + i * ldc, n, T(0));
    return;
  }
  if constexpr (std::is_same_v<T, float>) {
    if (arithmetic == Arithmetic::bf16) return bf16::gemm(a_op, b_op, m, n, k, a, lda, b, ldb, onto, c, ldc);
  }
  const bool a_transposed = a_op == blas::Transpose::yes, b_transposed = b_op == blas::Transpose::yes,
             by_rows = arithmetic == Arithmetic::by_rows;
  constexpr Index few_columns = 3, few_rows = 2, enough_for_one = Index{1} << 20;
  const bool far = a_transposed ? k > 256 && m * n >= Index{1} << 18 : m * k > Index{1} << 20;
  if (m <= few_rows && m * n * k <= enough_for_one && b_transposed && !a_transposed && !by_rows)
    rows_by_dots(m, n, k, a, lda, b, ldb, onto, c, ldc);
  else if (n <= few_columns && !a_transposed && !by_rows)
    by_dots(b_transposed, m, n, k, a, lda, b, ldb, onto, c, ldc);
  else if (by_rows || !far)
    by_panels_in_parallel(a_transposed, b_transposed, m, n, k, a, lda, b, ldb, onto, c, ldc);
  else
    by_blas(a_op, b_op, m, n, k, a, lda, b, ldb, onto, c, ldc);
}

template <class T>
Index packed_numbers(Index n, Index k) {
  return rounded_up(n, panel<T>) * k;
}

template <class T>
void pack_transposed(Index n, Index k, const T* b, T* packed) {
  for (Index j = 0; j < n; j += panel<T>) pack(true, b + j * k, k, k, std::min(panel<T>, n - j), packed + j * k);
}

template <class T>
void gemm_packed(Index m, Index n, Index k, const T* a, Index lda, const T* packed, Onto<T> onto, T* c, Index ldc) {
  constexpr Index few_rows = 3, together = wide * panel<T>;  // columns
  static constexpr T zeros[together] = {};
  Index done = 0;  // columns
  if (m <= few_rows && k <= deepest(false)) {
    for (; done + together <= n; done += together) {
      for (Index i = 0; i < m; ++i) {
        wide_row(k, k * panel<T>, a + i * lda, packed + done * k, onto.rows ? onto.rows + i * onto.step + done : zeros,
                 c + i * ldc + done);
      }
    }
  }
  if (done == n) return;
  if (onto.rows) onto.rows += done;
  by_panels_in_parallel<T>(false, true, m, n - done, k, a, lda, nullptr, 0, onto, c + done, ldc, packed + done * k);
}

template <class T>
void small_gemm(Index m, Index n, Index k, const T* a, Index a_row, Index a_column, const T* b, Index ldb, T* c,
                Index ldc, bool accumulate) {
  static constexpr T zeros[panel<T>] = {};
  const bool by_rows = a_column == 1;
  const Index step = by_rows ? a_row : a_column;
  for (Index j = 0; j < n; j += panel<T>) {
    columns(by_rows, m, std::min(panel<T>, rounded_up(n - j, simd::lanes_of<T>)), k, a, step, b + j, ldb,
            accumulate ? c + j : zeros, accumulate ? ldc : 0, c + j, ldc);
  }
}

#define GRADUS_GEMM(T)                                                                                                 \
  template void gemm(blas::Transpose, blas::Transpose, Index, Index, Index, const T*, Index, const T*, Index, Onto<T>, \
                     T*, Index, Arithmetic);                                                                           \
  template Index packed_numbers<T>(Index, Index);                                                                      \
  template void pack_transposed(Index, Index, const T*, T*);                                                           \
  template void gemm_packed(Index, Index, Index, const T*, Index, const T*, Onto<T>, T*, Index);                       \
  template void small_gemm(Index, Index, Index, const T*, Index, Index, const T*, Index, T*, Index, bool);
GRADUS_GEMM(float)
GRADUS_GEMM(double)
#undef GRADUS_GEMM

}  // namespace gradus
