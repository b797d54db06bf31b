#pragma once

#include <cstddef>

// The processor instructions that the library was compiled with, and their check when the program starts. Without the
// check, an older processor would end the program by an illegal instruction, without a word.
//
// A row has the name in messages, the name of __builtin_cpu_supports, and the macro that the compiler defines. The rows
// are those that compilers use by themselves.
#define GRADUS_INSTRUCTIONS(ROW)                         \
  ROW("SSE3", "sse3", __SSE3__)                          \
  ROW("SSSE3", "ssse3", __SSSE3__)                       \
  ROW("SSE4.1", "sse4.1", __SSE4_1__)                    \
  ROW("SSE4.2", "sse4.2", __SSE4_2__)                    \
  ROW("POPCNT", "popcnt", __POPCNT__)                    \
  ROW("AVX", "avx", __AVX__)                             \
  ROW("AVX2", "avx2", __AVX2__)                          \
  ROW("FMA", "fma", __FMA__)                             \
  ROW("BMI1", "bmi", __BMI__)                            \
  ROW("BMI2", "bmi2", __BMI2__)                          \
  ROW("AVX-512F", "avx512f", __AVX512F__)                \
  ROW("AVX-512BW", "avx512bw", __AVX512BW__)             \
  ROW("AVX-512CD", "avx512cd", __AVX512CD__)             \
  ROW("AVX-512DQ", "avx512dq", __AVX512DQ__)             \
  ROW("AVX-512VL", "avx512vl", __AVX512VL__)             \
  ROW("AVX-512VBMI", "avx512vbmi", __AVX512VBMI__)       \
  ROW("AVX-512VBMI2", "avx512vbmi2", __AVX512VBMI2__)    \
  ROW("AVX-512IFMA", "avx512ifma", __AVX512IFMA__)       \
  ROW("AVX-512VNNI", "avx512vnni", __AVX512VNNI__)       \
  ROW("AVX-512BITALG", "avx512bitalg", __AVX512BITALG__) \
  ROW("AVX-512VPOPCNTDQ", "avx512vpopcntdq", __AVX512VPOPCNTDQ__)

namespace gradus::instructions {

#define GRADUS_ONE_MORE(name, feature, macro) +1
inline constexpr std::size_t count = 0 GRADUS_INSTRUCTIONS(GRADUS_ONE_MORE);  // of the rows
#undef GRADUS_ONE_MORE

/// Whether the library was compiled with the instructions of each row.
extern const bool compiled[count];
/// The GRADUS_ARCH of the build, such as "native".
extern const char* const arch;

/// The widest vectors that the library was compiled for, such as "AVX2 and FMA".
const char* vectors();
/// The file with this code: the shared library in use, or the program.
const char* file();

/// The names, such as "AVX2, FMA", of the rows that are compiled and not present; "" if there are none.
struct Missing {
  char names[256] = {};
  Missing(const bool* compiled, const bool* present);
};

/// Runs before all other code of the library: exits with a message when the processor lacks instructions that are
/// compiled. A source that every program links refers to it, so that a static library has it too.
[[gnu::constructor(101)]] void check_processor();

}  // namespace gradus::instructions
