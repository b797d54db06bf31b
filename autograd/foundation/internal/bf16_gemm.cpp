#include <gradus/autograd/foundation/internal/bf16_gemm.h>

#include <algorithm>

#include <gradus/autograd/foundation/internal/scratch.h>
#include <gradus/autograd/foundation/parallel.h>

namespace gradus::bf16 {

namespace {

Index ceil_div(Index n, Index by) { return (n + by - 1) / by; }

// One side of a product: lines along k, which are rows of op(A) or columns of op(B).
struct Side {
  const float* numbers;
  Index step;       // between lines, or, if not along_k, between the numbers of a line
  bool along_k;     // the numbers of a line are contiguous
  bool line_first;  // a tile is [line, pair along k]; else [pair along k, line]
  Pack pack;
  Index lines;

  const float* at(Index line, Index k) const { return numbers + (along_k ? line * step + k : k * step + line); }
};

// The tile of lines from `line` and numbers [k, k + count); zeros fill the rest.
void pack_tile(const Side& side, Index line, Index k, Index count, Word* to) {
  const Index lines = std::min(tile, side.lines - line);
  if (lines == tile && count == depth) return side.pack(side.at(line, k), side.step, side.along_k, side.line_first, to);
  float padded[tile * depth] = {};
  for (Index i = 0; i < lines; ++i)
    for (Index p = 0; p < count; ++p) padded[i * depth + p] = *side.at(line + i, k + p);
  side.pack(padded, depth, true, side.line_first, to);
}

// Tiles of all lines and of the numbers [k, k + count): [tile of lines, block along k]. They are packed in the order in
// which the numbers are in memory.
void pack(const Side& side, Index k, Index count, Word* to) {
  const Index blocks = ceil_div(count, depth), tiles = ceil_div(side.lines, tile);
  parallel_each(tiles * blocks, grain_of(1 << 14, words), [&](Index i) {
    const Index t = side.along_k ? i / blocks : i % tiles, q = side.along_k ? i % blocks : i / tiles;
    pack_tile(side, t * tile, k + q * depth, std::min(depth, count - q * depth), to + (t * blocks + q) * words);
  });
}

// Tiles [first_row, end_row) by [first_column, end_column) of C [m, n].
struct Piece {
  Index first_row, end_row, first_column, end_column;
};

void multiply(const Kernel& kernel, const Piece& piece, Index m, Index n, Index blocks, const Word* a, const Word* b,
              Onto<float> start, float* c, Index ldc) {
  constexpr Index side = 2 * tile;
  alignas(64) float edge_start[side * side] = {}, edge[side * side];
  kernel.begin();
  for (Index j = piece.first_column; j < piece.end_column; j += 2) {
    for (Index i = piece.first_row; i < piece.end_row; i += 2) {
      const Index rows = std::min<Index>(2, piece.end_row - i), columns = std::min<Index>(2, piece.end_column - j),
                  r = i * tile, s = j * tile, height = std::min(m - r, rows * tile),
                  width = std::min(n - s, columns * tile);
      const Word *my_a = a + i * blocks * words, *my_b = b + j * blocks * words;
      static constexpr float zeros[side] = {};
      const float* from = start.rows ? start.rows + r * start.step + s : zeros;
      const Index from_step = start.rows ? start.step : 0;
      if (height == rows * tile && width == columns * tile) {
        kernel.multiply(rows, columns, blocks, my_a, my_b, from, from_step, c + r * ldc + s, ldc);
        continue;
      }
      for (Index y = 0; y < height; ++y) std::copy_n(from + y * from_step, width, edge_start + y * side);
      kernel.multiply(rows, columns, blocks, my_a, my_b, edge_start, side, edge, side);
      for (Index y = 0; y < height; ++y) std::copy_n(edge + y * side, width, c + (r + y) * ldc + s);
    }
  }
  kernel.end();
}

constexpr Index deepest = 2048;  // numbers along k that are packed at a time

Side rows_of(blas::Transpose op, Index m, const float* a, Index lda, const Kernel& kernel) {
  return {a, lda, op == blas::Transpose::no, true, kernel.pack, m};
}
Side columns_of(blas::Transpose op, Index n, const float* b, Index ldb, const Kernel& kernel) {
  return {b, ldb, op != blas::Transpose::no, false, kernel.pack, n};
}

// `packed_columns` has the tiles of numbers [k, k + count) of all columns at the place that it is called with.
template <class PackedColumns>
void multiply_all(const Side& rows, Index n, Index k, const PackedColumns& packed_columns, Onto<float> onto, float* c,
                  Index ldc, const Kernel& kernel) {
  constexpr Index piece_words = Index{1} << 17;  // of A per piece, which stay in the second-level cache
  constexpr Index piece_work = Index{1} << 22;   // products per piece, at least
  const Index m = rows.lines, row_tiles = ceil_div(m, tile), column_tiles = ceil_div(n, tile);
  const Scratch<Word> packed_rows(row_tiles * ceil_div(std::min(k, deepest), depth) * words);
  for (Index p = 0; p < k; p += deepest) {
    const Index count = std::min(deepest, k - p), blocks = ceil_div(count, depth);
    pack(rows, p, count, packed_rows.data());
    const Word* const columns = packed_columns(p, count);
    const Onto<float> start = p > 0 ? Onto<float>{c, ldc} : onto;
    // Even numbers of tiles, of which a kernel computes two by two at a time.
    const Index high = std::clamp<Index>(piece_words / (blocks * words) / 2 * 2, 2, row_tiles + row_tiles % 2),
                row_pieces = ceil_div(row_tiles, high),
                wide = in_shard() ? column_tiles
                                  : ceil_div(grain_of(piece_work, high * tile * tile * blocks * depth), 2) * 2,
                column_pieces = ceil_div(column_tiles, wide);
    parallel_each(row_pieces * column_pieces, 1, [&](Index i) {
      const Index row = i / column_pieces * high, column = i % column_pieces * wide;
      multiply(kernel, {row, std::min(row_tiles, row + high), column, std::min(column_tiles, column + wide)}, m, n,
               blocks, packed_rows.data(), columns, start, c, ldc);
    });
  }
}

}  // namespace

void gemm(blas::Transpose a_op, blas::Transpose b_op, Index m, Index n, Index k, const float* a, Index lda,
          const float* b, Index ldb, Onto<float> onto, float* c, Index ldc, const Kernel& kernel) {
  const Side columns = columns_of(b_op, n, b, ldb, kernel);
  const Scratch<Word> packed(packed_words(n, std::min(k, deepest)));
  const auto pack_columns = [&](Index p, Index count) {
    pack(columns, p, count, packed.data());
    return packed.data();
  };
  multiply_all(rows_of(a_op, m, a, lda, kernel), n, k, pack_columns, onto, c, ldc, kernel);
}

Index packed_words(Index n, Index k) { return ceil_div(n, tile) * ceil_div(k, depth) * words; }

void pack(blas::Transpose b_op, Index n, Index k, const float* b, Index ldb, Word* packed, const Kernel& kernel) {
  const Side columns = columns_of(b_op, n, b, ldb, kernel);
  for (Index p = 0; p < k; p += deepest) pack(columns, p, std::min(deepest, k - p), packed + packed_words(n, p));
}

void gemm_packed(Index m, Index n, Index k, const float* a, Index lda, const Word* packed, Onto<float> onto, float* c,
                 Index ldc, const Kernel& kernel) {
  const auto packed_columns = [&](Index p, Index) { return packed + packed_words(n, p); };
  multiply_all(rows_of(blas::Transpose::no, m, a, lda, kernel), n, k, packed_columns, onto, c, ldc, kernel);
}

}  // namespace gradus::bf16
