// Compiled for the compiler's baseline, not for GRADUS_ARCH (CMakeLists.txt). It uses no functions of the standard
// library's headers, because the linker may take another source's copy of them.
#include <gradus/autograd/foundation/internal/instructions.h>

#include <unistd.h>

namespace gradus::instructions {

namespace {

#define GRADUS_NAME(name, feature, macro) name,
constexpr const char* names[count] = {GRADUS_INSTRUCTIONS(GRADUS_NAME)};
#undef GRADUS_NAME

void append(char*& end, const char* last, const char* text) {
  while (*text != '\0' && end != last) *end++ = *text++;
}

}  // namespace

Missing::Missing(const bool* compiled_with, const bool* present) {
  char* end = names;
  for (std::size_t i = 0; i < count; ++i) {
    if (!compiled_with[i] || present[i]) continue;
    if (end != names) append(end, names + sizeof names - 1, ", ");
    append(end, names + sizeof names - 1, instructions::names[i]);
  }
}

#if defined(__x86_64__)
void check_processor() {
  __builtin_cpu_init();
#define GRADUS_PRESENT(name, feature, macro) __builtin_cpu_supports(feature) != 0,
  const bool present[count] = {GRADUS_INSTRUCTIONS(GRADUS_PRESENT)};
#undef GRADUS_PRESENT
  const Missing missing(compiled, present);
  if (missing.names[0] == '\0') return;
  const char* const parts[] = {"gradus: this processor lacks ", missing.names,
                               ", which gradus was built for (GRADUS_ARCH is \"", arch,
                               "\"). Build gradus from source on this machine: cmake --preset release\n"};
  char message[640];
  char* end = message;
  for (const char* part : parts) append(end, message + sizeof message, part);
  static_cast<void>(::write(STDERR_FILENO, message, static_cast<std::size_t>(end - message)) != 0);
  ::_exit(1);
}
#else
void check_processor() {}
#endif

}  // namespace gradus::instructions
