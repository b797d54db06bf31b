#pragma once

#include <limits>

#include <gradus/autograd/foundation/types.h>

// Arithmetic of sizes that must not wrap around. The largest Index stands for every larger result; no tensor has such
// an extent, so the check of the shape refuses it.
namespace gradus {

/// a + b; the largest Index if the sum does not fit. a and b are not negative.
constexpr Index add_sat(Index a, Index b) {
  constexpr Index most = std::numeric_limits<Index>::max();
  return a > most - b ? most : a + b;
}

/// a * b; the largest Index if the product does not fit. a and b are not negative.
constexpr Index mul_sat(Index a, Index b) {
  constexpr Index most = std::numeric_limits<Index>::max();
  return b != 0 && a > most / b ? most : a * b;
}

/// Whether an Index holds the number, without a fraction. False for NaN.
constexpr bool holds_index(double number) { return number >= -0x1p63 && number < 0x1p63; }

}  // namespace gradus
