#pragma once

#include <cstddef>
#include <vector>

#include <gradus/autograd/foundation/internal/sanitizers.h>

namespace gradus {

/// How often a test does what it does n times, or how large it makes what is n wide: under a sanitizer, where all takes
/// ten times as long, a tenth of it.
template <class T>
constexpr T scaled(T n) {
  return sanitizers::watching ? (n + 9) / 10 : n;
}

/// All of a list; under a sanitizer every other entry, from `first` (0 or 1) on. For two tests that do much the same
/// with the same list and share it there.
template <class T>
std::vector<T> shared(const std::vector<T>& all, std::size_t first) {
  std::vector<T> own;
  for (std::size_t i = sanitizers::watching ? first : 0; i < all.size(); i += sanitizers::watching ? 2 : 1)
    own.push_back(all[i]);
  return own;
}

}  // namespace gradus
