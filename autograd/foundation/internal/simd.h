#pragma once

#if defined(__AVX__)
#include <immintrin.h>
#endif

#include <bit>
#include <cstring>
#include <utility>

#include <gradus/autograd/foundation/types.h>

// Vectors of numbers with the usual operators per lane, which compile to vector instructions of the machine. For sums
// and small products; compilers vectorise elementwise loops without help.
namespace gradus::simd {

#if defined(__AVX512F__)
inline constexpr Index vector_bytes = 64, registers = 32;
#elif defined(__AVX__)
inline constexpr Index vector_bytes = 32, registers = 16;
#elif defined(__aarch64__)
inline constexpr Index vector_bytes = 16, registers = 32;
#else
inline constexpr Index vector_bytes = 16, registers = 16;
#endif

template <class T>
inline constexpr Index lanes_of = vector_bytes / static_cast<Index>(sizeof(T));

template <class T, Index N>
struct VectorOf {
  typedef T type __attribute__((vector_size(N * static_cast<Index>(sizeof(T)))));
};
/// N numbers; by default those of one register.
template <class T, Index N = lanes_of<T>>
using Vector = typename VectorOf<T, N>::type;

template <class V, class T>
[[gnu::always_inline]] inline V load(const T* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <class V, class T>
[[gnu::always_inline]] inline void store(T* p, V v) {
  std::memcpy(p, &v, sizeof v);
}

/// Writes 64 bytes to a multiple of 64, past the caches where the machine can. For results too large for the caches.
/// Call fence() before other threads read them.
template <class T>
[[gnu::always_inline]] inline void stream(T* p, Vector<T, 64 / static_cast<Index>(sizeof(T))> v) {
#if defined(__AVX512F__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(p), std::bit_cast<__m512i>(v));
#elif defined(__AVX__)
  __m256i halves[2];
  std::memcpy(halves, &v, sizeof v);
  _mm256_stream_si256(reinterpret_cast<__m256i*>(p), halves[0]);
  _mm256_stream_si256(reinterpret_cast<__m256i*>(p) + 1, halves[1]);
#else
  store(p, v);
#endif
}
inline void fence() {
#if defined(__AVX__)
  _mm_sfence();
#endif
}

/// a0 b0 a1 b1 ... of the lower halves, or of the upper halves.
template <bool upper, class V, std::size_t... I>
[[gnu::always_inline]] inline V interleave(V a, V b, std::index_sequence<I...>) {
  constexpr std::size_t n = sizeof...(I), start = upper ? n / 2 : 0;
#if defined(__clang__) || __GNUC__ >= 12
  return __builtin_shufflevector(a, b, static_cast<int>(start + I / 2 + I % 2 * n)...);
#else
  return V{(I % 2 ? b : a)[start + I / 2]...};
#endif
}

/// The elements of a and b at even positions, or at odd ones: the inverse of interleave.
template <bool odd, class V, std::size_t... I>
[[gnu::always_inline]] inline V deinterleave(V a, V b, std::index_sequence<I...>) {
  constexpr std::size_t start = odd ? 1 : 0;
#if defined(__clang__) || __GNUC__ >= 12
  return __builtin_shufflevector(a, b, static_cast<int>(start + 2 * I)...);
#else
  constexpr std::size_t n = sizeof...(I);
  return V{(2 * I < n ? a : b)[(start + 2 * I) % n]...};
#endif
}

/// The square block of lanes_of<T> rows and columns, transposed.
template <class T>
void transpose_block(const T* from, Index from_step, T* to, Index to_step) {
  constexpr Index n = lanes_of<T>;
  using V = Vector<T>;
  constexpr auto all = std::make_index_sequence<n>{};
  V x[n], y[n];
#pragma GCC unroll 16
  for (Index i = 0; i < n; ++i) x[i] = load<V>(from + i * from_step);
    // Each round moves one bit of the row number to the column number.
#pragma GCC unroll 4
  for (Index round = 1; round < n; round *= 2) {
#pragma GCC unroll 16
    for (Index i = 0; i < n / 2; ++i) {
      y[2 * i] = interleave<false>(x[i], x[i + n / 2], all);
      y[2 * i + 1] = interleave<true>(x[i], x[i + n / 2], all);
    }
#pragma GCC unroll 16
    for (Index i = 0; i < n; ++i) x[i] = y[i];
  }
#pragma GCC unroll 16
  for (Index i = 0; i < n; ++i) store(to + i * to_step, x[i]);
}

/// out = x transposed: x [rows, columns] with rows `stride` apart, out [columns, rows] with rows `out_stride` apart.
template <class T>
void transpose(const T* x, Index rows, Index columns, Index stride, T* out, Index out_stride) {
  constexpr Index block = lanes_of<T>;
  const Index whole_rows = rows / block * block, whole_columns = columns / block * block;
  for (Index r = 0; r < whole_rows; r += block) {
    for (Index c = 0; c < whole_columns; c += block)
      transpose_block(x + r * stride + c, stride, out + c * out_stride + r, out_stride);
  }
  for (Index r = 0; r < rows; ++r)
    for (Index c = r < whole_rows ? whole_columns : 0; c < columns; ++c) out[c * out_stride + r] = x[r * stride + c];
}

}  // namespace gradus::simd
