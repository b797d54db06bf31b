#include <gradus/autograd/foundation/internal/bf16_kernels.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include <gradus/autograd/foundation/internal/simd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace gradus::bf16 {

namespace {

float lower(Word w) { return std::bit_cast<float>(w << 16); }
float upper(Word w) { return std::bit_cast<float>(w & 0xffff0000U); }

// The nearest bf16, ties to even, in the upper half. A NaN stays a NaN, a subnormal number becomes zero.
std::uint32_t rounded(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x), magnitude = bits & 0x7fffffffU;
  const std::uint32_t nearest = bits + 0x7fffU + (bits >> 16 & 1U), quiet = bits | 0x400000U,
                      number = magnitude < 0x800000U ? bits & 0x80000000U : nearest;
  return magnitude > 0x7f800000U ? quiet : number;
}

void transpose(const Word* from, Word* to) {
  static_assert(depth / 2 == tile && sizeof(Word) == sizeof(float));
  simd::transpose(reinterpret_cast<const float*>(from), tile, tile, tile, reinterpret_cast<float*>(to), tile);
}

// A word holds neighbours along k: the first in the lower half.
void pack_neighbours(const float* from, Index step, bool along_k, bool line_first, Word* to) {
  constexpr Index pairs = depth / 2;
  Word beside[words];
  Word* const straight = along_k == line_first ? to : beside;
  if (along_k) {
    for (Index line = 0; line < tile; ++line) {
      Word halves[depth];
      for (Index k = 0; k < depth; ++k) halves[k] = rounded(from[line * step + k]);
      for (Index p = 0; p < pairs; ++p)
        straight[line * pairs + p] = halves[2 * p] >> 16 | (halves[2 * p + 1] & 0xffff0000U);
    }
  } else {
    for (Index p = 0; p < pairs; ++p) {
      const float *lower = from + 2 * p * step, *upper = lower + step;
      for (Index line = 0; line < tile; ++line)
        straight[p * tile + line] = rounded(lower[line]) >> 16 | (rounded(upper[line]) & 0xffff0000U);
    }
  }
  if (straight == beside) transpose(beside, to);
}

// Calls one(a, b, start, start_step, c, ldc) per tile of C.
template <void one(Index, const Word*, const Word*, const float*, Index, float*, Index)>
void each_tile(Index rows, Index columns, Index blocks, const Word* a, const Word* b, const float* start,
               Index start_step, float* c, Index ldc) {
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) {
      one(blocks, a + i * blocks * words, b + j * blocks * words, start + i * tile * start_step + j * tile, start_step,
          c + i * tile * ldc + j * tile, ldc);
    }
  }
}

// Any machine. A product of two bf16 numbers fits in an f32, so std::fma rounds once per sum.
void portable_tile(Index blocks, const Word* a, const Word* b, const float* start, Index start_step, float* c,
                   Index ldc) {
  for (Index i = 0; i < tile; ++i) {
    float sums[tile];
    for (Index j = 0; j < tile; ++j) sums[j] = start[i * start_step + j];
    for (Index q = 0; q < blocks; ++q) {
      float even[tile] = {}, odd[tile] = {};
      for (Index p = 0; p < tile; ++p) {
        const Word w = a[q * words + i * tile + p];
        for (Index j = 0; j < tile; ++j) {
          const Word v = b[q * words + p * tile + j];
          even[j] = std::fma(lower(w), lower(v), even[j]);
          odd[j] = std::fma(upper(w), upper(v), odd[j]);
        }
      }
      for (Index j = 0; j < tile; ++j) sums[j] += even[j] + odd[j];
    }
    for (Index j = 0; j < tile; ++j) c[i * ldc + j] = sums[j];
  }
}

#if defined(__x86_64__)

// Subnormal operands and results count as zero, as in the instructions for bf16.
thread_local unsigned control_before;
void flush_subnormals() {
  control_before = _mm_getcsr();
  _mm_setcsr(control_before | _MM_FLUSH_ZERO_ON | 0x40U);  // 0x40: subnormal operands
}
void restore_subnormals() { _mm_setcsr(control_before); }

[[gnu::target("avx2,fma")]] void fma_tile(Index blocks, const Word* a, const Word* b, const float* start,
                                          Index start_step, float* c, Index ldc) {
  constexpr Index rows = 4, lanes = 8;
  using Words = simd::Vector<Word, lanes>;
  for (Index i = 0; i < tile; i += rows) {
    for (Index j = 0; j < tile; j += lanes) {
      __m256 sums[rows];
#pragma GCC unroll 4
      for (Index r = 0; r < rows; ++r) sums[r] = _mm256_loadu_ps(start + (i + r) * start_step + j);
      for (Index q = 0; q < blocks; ++q) {
        __m256 even[rows], odd[rows];
#pragma GCC unroll 4
        for (Index r = 0; r < rows; ++r) even[r] = odd[r] = _mm256_setzero_ps();
        for (Index p = 0; p < tile; ++p) {
          Words pair;
          std::memcpy(&pair, b + q * words + p * tile + j, sizeof pair);
          const auto b_even = reinterpret_cast<__m256>(pair << 16),
                     b_odd = reinterpret_cast<__m256>(pair & 0xffff0000U);
#pragma GCC unroll 4
          for (Index r = 0; r < rows; ++r) {
            const Words w = Words{} + a[q * words + (i + r) * tile + p];
            even[r] = _mm256_fmadd_ps(reinterpret_cast<__m256>(w << 16), b_even, even[r]);
            odd[r] = _mm256_fmadd_ps(reinterpret_cast<__m256>(w & 0xffff0000U), b_odd, odd[r]);
          }
        }
#pragma GCC unroll 4
        for (Index r = 0; r < rows; ++r) sums[r] = _mm256_add_ps(sums[r], _mm256_add_ps(even[r], odd[r]));
      }
#pragma GCC unroll 4
      for (Index r = 0; r < rows; ++r) _mm256_storeu_ps(c + (i + r) * ldc + j, sums[r]);
    }
  }
}

// Words hold even and odd places apart, (lower half, upper half): (2, 0), (3, 1), (6, 4), (7, 5) and so on.
[[gnu::target("avx512f,avx512bw,avx512bf16")]] void pack_apart(const float* from, Index step, bool along_k,
                                                               bool line_first, Word* to) {
  constexpr Index pairs = depth / 2;
  Word beside[words];
  Word* const straight = along_k == line_first ? to : beside;
  if (along_k) {
    const __m512i apart = _mm512_set4_epi32(0x0b0a0f0e, 0x09080d0c, 0x03020706, 0x01000504);
    for (Index line = 0; line < tile; ++line) {
      const float* x = from + line * step;
      const auto halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + tile), _mm512_loadu_ps(x)));
      _mm512_storeu_si512(straight + line * pairs, _mm512_shuffle_epi8(halves, apart));
    }
  } else {
    constexpr Index lanes = 2 * tile;
    std::uint16_t order[lanes];  // of the halves of two rows: the lower one, then the upper one
    for (Index i = 0; i < lanes; ++i) order[i] = static_cast<std::uint16_t>(i / 2 + i % 2 * tile);
    const __m512i in_turn = _mm512_loadu_si512(order);
    for (Index p = 0; p < pairs; ++p) {
      const float *upper = from + (p / 2 * 4 + p % 2) * step, *lower = upper + 2 * step;
      const auto halves =
          reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(_mm512_loadu_ps(upper), _mm512_loadu_ps(lower)));
      _mm512_storeu_si512(straight + p * tile, _mm512_permutexvar_epi16(in_turn, halves));
    }
  }
  if (straight == beside) transpose(beside, to);
}

// VDPBF16PS adds the product of the upper halves, then that of the lower halves. So with words (2, 0), (6, 4) and so on
// a chain of them sums the even places in order.
[[gnu::target("avx512f,avx512bf16")]] void avx512_tile(Index blocks, const Word* a, const Word* b, const float* start,
                                                       Index start_step, float* c, Index ldc) {
  constexpr Index rows = 8;
  using Words = simd::Vector<Word, tile>;
  for (Index i = 0; i < tile; i += rows) {
    __m512 sums[rows];
#pragma GCC unroll 8
    for (Index r = 0; r < rows; ++r) sums[r] = _mm512_loadu_ps(start + (i + r) * start_step);
    for (Index q = 0; q < blocks; ++q) {
      const Word *block_a = a + q * words + i * tile, *block_b = b + q * words;
      __m512 even[rows], odd[rows];
#pragma GCC unroll 8
      for (Index r = 0; r < rows; ++r) even[r] = odd[r] = _mm512_setzero_ps();
      for (Index p = 0; p < tile; p += 2) {
        Words b_even, b_odd;
        std::memcpy(&b_even, block_b + p * tile, sizeof b_even);
        std::memcpy(&b_odd, block_b + (p + 1) * tile, sizeof b_odd);
#pragma GCC unroll 8
        for (Index r = 0; r < rows; ++r) {
          const Word* pair = block_a + r * tile + p;
          even[r] = _mm512_dpbf16_ps(even[r], reinterpret_cast<__m512bh>(Words{} + pair[0]),
                                     reinterpret_cast<__m512bh>(b_even));
          odd[r] = _mm512_dpbf16_ps(odd[r], reinterpret_cast<__m512bh>(Words{} + pair[1]),
                                    reinterpret_cast<__m512bh>(b_odd));
        }
      }
#pragma GCC unroll 8
      for (Index r = 0; r < rows; ++r) sums[r] = _mm512_add_ps(sums[r], _mm512_add_ps(even[r], odd[r]));
    }
#pragma GCC unroll 8
    for (Index r = 0; r < rows; ++r) _mm512_storeu_ps(c + (i + r) * ldc, sums[r]);
  }
}

struct alignas(64) TileConfiguration {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
// Static, because GCC 12 believes that _tile_loadconfig reads only the first bytes.
constexpr TileConfiguration tile_configuration;

[[gnu::target("amx-tile")]] void configure_tiles() { _tile_loadconfig(&tile_configuration); }
[[gnu::target("amx-tile")]] void release_tiles() { _tile_release(); }

// Tiles 0 to 3: C; 4 and 5: A; 6 and 7: B.
template <bool two_rows, bool two_columns>
[[gnu::target("amx-tile,amx-bf16")]] void amx_tiles(Index blocks, const Word* a, const Word* b, const float* start,
                                                    Index start_step, float* c, Index ldc) {
  const auto bytes = [](Index numbers) { return static_cast<std::size_t>(numbers) * sizeof(float); };
  const std::size_t start_bytes = bytes(start_step), c_bytes = bytes(ldc);
  const float* below = start + tile * start_step;
  _tile_loadd(0, start, start_bytes);
  if constexpr (two_columns) _tile_loadd(1, start + tile, start_bytes);
  if constexpr (two_rows) _tile_loadd(2, below, start_bytes);
  if constexpr (two_rows && two_columns) _tile_loadd(3, below + tile, start_bytes);
  for (Index q = 0; q < blocks; ++q) {
    _tile_loadd(4, a + q * words, 64);
    if constexpr (two_rows) _tile_loadd(5, a + (blocks + q) * words, 64);
    _tile_loadd(6, b + q * words, 64);
    if constexpr (two_columns) _tile_loadd(7, b + (blocks + q) * words, 64);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (two_rows) _tile_dpbf16ps(2, 5, 6);
    if constexpr (two_columns) _tile_dpbf16ps(1, 4, 7);
    if constexpr (two_rows && two_columns) _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, c_bytes);
  if constexpr (two_columns) _tile_stored(1, c + tile, c_bytes);
  if constexpr (two_rows) _tile_stored(2, c + tile * ldc, c_bytes);
  if constexpr (two_rows && two_columns) _tile_stored(3, c + tile * ldc + tile, c_bytes);
}

void amx(Index rows, Index columns, Index blocks, const Word* a, const Word* b, const float* start, Index start_step,
         float* c, Index ldc) {
  const auto one = rows == 2 ? (columns == 2 ? amx_tiles<true, true> : amx_tiles<true, false>)
                             : (columns == 2 ? amx_tiles<false, true> : amx_tiles<false, false>);
  one(blocks, a, b, start, start_step, c, ldc);
}

[[gnu::target("xsave")]] std::uint64_t saved_registers() { return _xgetbv(0); }

// Linux lets a process use the tiles after it has asked for them.
bool amx_allowed() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned os_saves = 1U << 27, bf16_tiles = 1U << 22, tiles = 1U << 24;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & os_saves)) return false;
  constexpr std::uint64_t tile_registers = 3U << 17;
  if ((saved_registers() & tile_registers) != tile_registers) return false;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & bf16_tiles) || !(d & tiles)) return false;
  constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

#else

// Other processors may keep subnormal numbers: a difference of less than 1e-37 per element.
void flush_subnormals() {}
void restore_subnormals() {}

#endif

std::vector<Kernel> available() {
  std::vector<Kernel> all;
#if defined(__x86_64__)
  if (amx_allowed()) all.push_back({"AMX", amx, pack_neighbours, configure_tiles, release_tiles});
  if (__builtin_cpu_supports("avx512bf16"))
    all.push_back({"AVX512_BF16", each_tile<avx512_tile>, pack_apart, flush_subnormals, restore_subnormals});
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    all.push_back({"FMA", each_tile<fma_tile>, pack_neighbours, flush_subnormals, restore_subnormals});
#endif
  all.push_back({"portable", each_tile<portable_tile>, pack_neighbours, flush_subnormals, restore_subnormals});
  return all;
}

}  // namespace

std::span<const Kernel> kernels() {
  static const std::vector<Kernel> all = available();
  return all;
}

}  // namespace gradus::bf16
