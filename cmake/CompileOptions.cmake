# Warnings and sanitizers for all targets, and gradus_codegen_options for the code of gradus.
include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)

set(oldest_GNU 11)
set(oldest_Clang 14)
if(DEFINED oldest_${CMAKE_CXX_COMPILER_ID} AND
   CMAKE_CXX_COMPILER_VERSION VERSION_LESS oldest_${CMAKE_CXX_COMPILER_ID})
  message(FATAL_ERROR "gradus needs GCC ${oldest_GNU} or Clang ${oldest_Clang}, or newer, but ${CMAKE_CXX_COMPILER} is "
                      "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}. Install a newer one (Debian/Ubuntu "
                      "packages: g++-12, clang-14) and choose it: -DCMAKE_CXX_COMPILER=g++-12")
endif()

add_compile_options(-Wall -Wextra)
if(GRADUS_WERROR)
  add_compile_options(-Werror)
endif()

if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # In a unity build GCC takes a source for a header, and warns about types that depend on an unnamed namespace.
  add_compile_options(-Wno-subobject-linkage)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 warns about overlapping copies inside std::string's operator+ where there are none (GCC bug 105651).
  add_compile_options(-Wno-restrict)
endif()

if(GRADUS_SANITIZE)
  add_compile_options(-fsanitize=${GRADUS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=${GRADUS_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With instrumented code GCC warns about uninitialised values inside the standard library (std::function).
    add_compile_options(-Wno-maybe-uninitialized)
    # With -O1 alone GCC fuses only some products and sums, so that rows of one matrix product would differ.
    set(gradus_sanitizer_optimization -fexpensive-optimizations)
  endif()
  if(GRADUS_SANITIZE MATCHES "thread")
    # TBB is not built with ThreadSanitizer, which would report TBB's hand-over of tasks as races. So the
    # one source that calls TBB is not built with it either, and annotates the hand-over
    # (autograd/foundation/internal/sanitizers.h).
    set_source_files_properties("${PROJECT_SOURCE_DIR}/autograd/foundation/parallel.cpp" PROPERTIES
      COMPILE_OPTIONS -fno-sanitize=thread COMPILE_DEFINITIONS GRADUS_THREAD_SANITIZER)
  endif()
endif()

# Not -ffast-math, which changes infinities, NaN and the order of sums. These three options do not.
set(gradus_codegen_options -fno-math-errno -fno-trapping-math -ffp-contract=fast)
if(GRADUS_SANITIZE AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Instrumented code separates some products from their sums, so that rows of one matrix product would differ. With "on"
  # the expressions of the source decide what is fused.
  list(APPEND gradus_codegen_options -ffp-contract=on)
endif()
# Compilers warn that passing vectors wider than the machine's has changed between versions. All of ours are inlined.
list(APPEND gradus_codegen_options -Wno-psabi)

if(GRADUS_ARCH)
  string(MAKE_C_IDENTIFIER "GRADUS_HAS_MARCH_${GRADUS_ARCH}" march_works)
  check_cxx_compiler_flag("-march=${GRADUS_ARCH}" ${march_works})
  if(NOT ${march_works})
    message(FATAL_ERROR "The compiler ${CMAKE_CXX_COMPILER} does not accept -march=${GRADUS_ARCH}. "
                        "Set GRADUS_ARCH to an instruction set that it accepts, or to nothing: -DGRADUS_ARCH=")
  endif()
  list(APPEND gradus_codegen_options "-march=${GRADUS_ARCH}")

  # Compilers prefer 256-bit vectors on most AVX-512 machines. Dense loops over floats are faster with 512 bits.
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

if(BUILD_SHARED_LIBS)
  # Calls inside a library need no detour for a function of that name in another, and its variables per thread are at
  # fixed offsets, as in a static library.
  list(APPEND gradus_codegen_options -fno-semantic-interposition -ftls-model=initial-exec)
endif()
