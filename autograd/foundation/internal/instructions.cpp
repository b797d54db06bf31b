#include <gradus/autograd/foundation/internal/instructions.h>

#include <dlfcn.h>

namespace gradus::instructions {

// The text of a defined macro is "1", that of an undefined one its name.
#define GRADUS_TEXT(macro) #macro
#define GRADUS_IS_DEFINED(name, feature, macro) (GRADUS_TEXT(macro)[0] == '1'),
constexpr bool compiled[count] = {GRADUS_INSTRUCTIONS(GRADUS_IS_DEFINED)};
#undef GRADUS_IS_DEFINED
#undef GRADUS_TEXT

constexpr const char* arch = GRADUS_ARCH;

const char* vectors() {
#if defined(__AVX512F__)
  return "AVX-512";
#elif defined(__AVX2__) && defined(__FMA__)
  return "AVX2 and FMA";
#elif defined(__AVX__)
  return "AVX";
#elif defined(__SSE4_2__)
  return "SSE4.2";
#elif defined(__aarch64__)
  return "NEON";
#else
  return "the compiler's baseline";
#endif
}

const char* file() {
  Dl_info info{};
  return dladdr(reinterpret_cast<const void*>(&file), &info) && info.dli_fname ? info.dli_fname : "unknown";
}

}  // namespace gradus::instructions
