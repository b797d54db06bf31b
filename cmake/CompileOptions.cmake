# Warnings and sanitizers for everything built here, and gradus_codegen_options: what the library and the code that
# uses its headers must be compiled with alike.
include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)

add_compile_options(-Wall -Wextra)
if(GRADUS_WERROR)
  add_compile_options(-Werror)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlapping copies inside std::string's operator+ where there are none (GCC bug 105651).
  add_compile_options(-Wno-restrict)
endif()

if(GRADUS_SANITIZE)
  add_compile_options(-fsanitize=${GRADUS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=${GRADUS_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The instrumented code makes GCC warn of uninitialised values inside the standard library itself (std::function).
    add_compile_options(-Wno-maybe-uninitialized)
    # With -O1 alone GCC fuses a product and a sum only where they happen to meet: rows of one product would differ.
    set(gradus_sanitizer_optimization -fexpensive-optimizations)
  endif()
  if(GRADUS_SANITIZE MATCHES "thread")
    # The door to TBB. TBB is not built with ThreadSanitizer, which would take the tasks that TBB hands from thread to
    # thread for races; so neither is the door, and it tells what is handed over (autograd/foundation/internal/sanitizers.h).
    set_source_files_properties("${PROJECT_SOURCE_DIR}/autograd/foundation/parallel.cpp" PROPERTIES
      COMPILE_OPTIONS -fno-sanitize=thread COMPILE_DEFINITIONS GRADUS_THREAD_SANITIZER)
  endif()
endif()

# No -ffast-math: infinities, NaN and the order of sums mean what they say. These three cost none of that.
set(gradus_codegen_options -fno-math-errno -fno-trapping-math -ffp-contract=fast)
# How vectors wider than the machine's are passed to functions has changed between compilers; ours are all inline.
list(APPEND gradus_codegen_options -Wno-psabi)

if(GRADUS_ARCH)
  string(MAKE_C_IDENTIFIER "GRADUS_HAS_MARCH_${GRADUS_ARCH}" march_works)
  check_cxx_compiler_flag("-march=${GRADUS_ARCH}" ${march_works})
  if(NOT ${march_works})
    message(FATAL_ERROR "The compiler ${CMAKE_CXX_COMPILER} does not accept -march=${GRADUS_ARCH}. "
                        "Set GRADUS_ARCH to an instruction set that it knows, or to nothing: -DGRADUS_ARCH=")
  endif()
  list(APPEND gradus_codegen_options "-march=${GRADUS_ARCH}")

  # Compilers prefer 256-bit vectors on most AVX-512 machines; dense loops over floats gain from the whole width.
  set(CMAKE_REQUIRED_FLAGS "-march=${GRADUS_ARCH} -mprefer-vector-width=512")
  string(MAKE_C_IDENTIFIER "GRADUS_HAS_AVX512_${GRADUS_ARCH}" has_avx512)
  check_cxx_source_compiles("
    #ifndef __AVX512F__
    #error no AVX-512
    #endif
    int main() {}" ${has_avx512})
  unset(CMAKE_REQUIRED_FLAGS)
  if(${has_avx512})
    list(APPEND gradus_codegen_options -mprefer-vector-width=512)
  endif()
endif()
