#pragma once

// What gradus needs of the compiler. Nothing else of a program's compiler options has to match those of the library.

#if defined(__clang__) ? __clang_major__ < 14 : __GNUC__ < 11
#error "gradus needs GCC 11, Clang 14, or newer"
#elif __cplusplus < 202002L
#error "gradus needs C++20: compile with -std=c++20"
#elif !defined(__cpp_exceptions)
#error "gradus reports errors by exceptions: compile without -fno-exceptions"
#elif defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "gradus needs infinities and NaN: compile without -ffast-math, -Ofast and -ffinite-math-only"
#endif
