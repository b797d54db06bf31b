#pragma once

#include <cstddef>
#include <vector>

#include <gradus/autograd/foundation/internal/sanitizers.h>

namespace gradus {

/// A number of repetitions or a size: n, or a tenth of it under a sanitizer, which is ten times slower.
template <class T>
constexpr T scaled(T n) {
  return sanitizers::watching ? (n + 9) / 10 : n;
}

/// All entries of a list, or every second one from `first` (0 or 1) under a sanitizer. For two similar tests of the
/// same list.
template <class T>
std::vector<T> shared(const std::vector<T>& all, std::size_t first) {
  std::vector<T> own;
  for (std::size_t i = sanitizers::watching ? first : 0; i < all.size(); i += sanitizers::watching ? 2 : 1)
    own.push_back(all[i]);
  return own;
}

}  // namespace gradus
