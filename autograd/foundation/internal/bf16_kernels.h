#pragma once

#include <cstdint>
#include <span>

#include <gradus/autograd/foundation/types.h>

// Products of matrices in bf16 (bfloat16: the upper half of an f32) with sums in f32. All kernels compute the same
// bits.
namespace gradus::bf16 {

/// Two numbers of a line along k, one in each half. The kernel says which.
using Word = std::uint32_t;

inline constexpr Index tile = 16;                 // rows and columns of a tile of C
inline constexpr Index depth = 32;                // numbers along k in a tile of A or B
inline constexpr Index words = tile * depth / 2;  // words in a tile of A or B

/// C = start + A B for one or two tiles of rows by one or two tiles of columns.
/// - `a`: per row of tiles `blocks` tiles along k, each [row, pair along k]; `b`: per column of tiles `blocks` tiles,
///   each [pair along k, column].
/// - The rows of `start` are start_step numbers apart; 0 repeats one row. Those of `c` are ldc apart.
/// - An element is the sum over blocks in order. In a block the products at even and those at odd places are summed
///   apart, in order, from zero; the sum of both is added to the element. Subnormal numbers count as zero. This is
///   TDPBF16PS of Intel's AMX (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2).
using Multiply = void (*)(Index rows, Index columns, Index blocks, const Word* a, const Word* b, const float* start,
                          Index start_step, float* c, Index ldc);

/// Writes a tile: `tile` lines of `depth` numbers, rounded to the nearest bf16, ties to even; subnormal numbers become
/// zero, a NaN stays one. along_k: the numbers of a line are contiguous and lines `step` apart, else the reverse.
/// line_first: the tile is [line, pair along k], else [pair along k, line].
using Pack = void (*)(const float* from, Index step, bool along_k, bool line_first, Word* to);

struct Kernel {
  const char* name;
  Multiply multiply;
  Pack pack;  // of A and of B
  /// Sets up the calling thread before the first product, and restores it after the last.
  void (*begin)();
  void (*end)();
};

/// The kernels that this machine can run, fastest first. The last one runs on any machine.
std::span<const Kernel> kernels();

}  // namespace gradus::bf16
