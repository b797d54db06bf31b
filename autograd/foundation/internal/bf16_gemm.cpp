#include <gradus/autograd/foundation/internal/bf16_gemm.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include <gradus/autograd/foundation/internal/scratch.h>
#include <gradus/autograd/foundation/internal/simd.h>
#include <gradus/autograd/foundation/parallel.h>

namespace gradus::bf16 {

namespace {

Index ceil_div(Index n, Index by) { return (n + by - 1) / by; }

// The nearest bf16, ties to even, in the upper half. A NaN stays a NaN.
std::uint32_t rounded(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t nearest = bits + 0x7fffU + (bits >> 16 & 1U), quiet = bits | 0x400000U;
  return (bits & 0x7fffffffU) > 0x7f800000U ? quiet : nearest;
}

// One side of a product: lines along k, which are rows of op(A) or columns of op(B).
struct Side {
  const float* numbers;
  Index step;       // between lines, or, if not along_k, between the numbers of a line
  bool along_k;     // the numbers of a line are contiguous
  bool line_first;  // a tile is [line, pair along k]; else [pair along k, line]
  Pairing pairing;
  Index lines;

  const float* at(Index line, Index k) const { return numbers + (along_k ? line * step + k : k * step + line); }
};

// Places 0 1 2 3 of four halves become 2 0 3 1.
std::uint64_t apart(std::uint64_t x) {
  return (x >> 32 & 0xffffU) | (x & 0xffffU) << 16 | x >> 48 << 32 | (x & 0xffff0000U) << 32;
}

// A whole tile from numbers `step` apart.
void pack_whole(const float* from, Index step, bool along_k, bool line_first, Pairing pairing, Word* to) {
  constexpr Index pairs = depth / 2;
  Word beside[words];
  Word* const straight = along_k == line_first ? to : beside;
  if (along_k) {
    for (Index line = 0; line < tile; ++line) {
      std::uint16_t halves[depth];
      for (Index k = 0; k < depth; ++k) halves[k] = static_cast<std::uint16_t>(rounded(from[line * step + k]) >> 16);
      if constexpr (std::endian::native == std::endian::little) {
        std::uint64_t fours[depth / 4];
        std::memcpy(fours, halves, sizeof halves);
        if (pairing == Pairing::apart)
          for (std::uint64_t& x : fours) x = apart(x);
        std::memcpy(straight + line * pairs, fours, sizeof fours);
      } else {
        for (Index p = 0; p < pairs; ++p)
          straight[line * pairs + p] = Word{halves[2 * p]} | Word{halves[2 * p + 1]} << 16;
      }
    }
  } else {
    for (Index p = 0; p < pairs; ++p) {
      const Index lower = pairing == Pairing::apart ? p / 2 * 4 + p % 2 + 2 : 2 * p,
                  upper = pairing == Pairing::apart ? lower - 2 : lower + 1;
      for (Index line = 0; line < tile; ++line) {
        straight[p * tile + line] =
            rounded(from[lower * step + line]) >> 16 | (rounded(from[upper * step + line]) & 0xffff0000U);
      }
    }
  }
  if (straight == beside) {
    static_assert(pairs == tile && sizeof(Word) == sizeof(float));
    simd::transpose(reinterpret_cast<const float*>(beside), tile, tile, tile, reinterpret_cast<float*>(to), tile);
  }
}

// The tile of lines from `line` and numbers [k, k + count); zeros fill the rest.
void pack_tile(const Side& side, Index line, Index k, Index count, Word* to) {
  const Index lines = std::min(tile, side.lines - line);
  if (lines == tile && count == depth)
    return pack_whole(side.at(line, k), side.step, side.along_k, side.line_first, side.pairing, to);
  float padded[tile * depth] = {};
  for (Index i = 0; i < lines; ++i)
    for (Index p = 0; p < count; ++p) padded[i * depth + p] = *side.at(line + i, k + p);
  pack_whole(padded, depth, true, side.line_first, side.pairing, to);
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

}  // namespace

void gemm(blas::Transpose a_op, blas::Transpose b_op, Index m, Index n, Index k, const float* a, Index lda,
          const float* b, Index ldb, Onto<float> onto, float* c, Index ldc, const Kernel& kernel) {
  const bool a_plain = a_op == blas::Transpose::no, b_plain = b_op == blas::Transpose::no;
  const Side rows{a, lda, a_plain, true, kernel.pairing, m}, columns{b, ldb, !b_plain, false, kernel.pairing, n};
  constexpr Index deepest = 2048;                // numbers along k that are packed at a time
  constexpr Index piece_words = Index{1} << 17;  // of A per piece, which stay in the second-level cache
  constexpr Index piece_work = Index{1} << 22;   // products per piece, at least
  const Index row_tiles = ceil_div(m, tile), column_tiles = ceil_div(n, tile),
              most_blocks = ceil_div(std::min(k, deepest), depth);
  const Scratch<Word> packed_a(row_tiles * most_blocks * words), packed_b(column_tiles * most_blocks * words);
  for (Index p = 0; p < k; p += deepest) {
    const Index count = std::min(deepest, k - p), blocks = ceil_div(count, depth);
    pack(rows, p, count, packed_a.data());
    pack(columns, p, count, packed_b.data());
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
               blocks, packed_a.data(), packed_b.data(), start, c, ldc);
    });
  }
}

}  // namespace gradus::bf16
