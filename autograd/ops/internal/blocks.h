#pragma once

#include <algorithm>

#include <gradus/autograd/foundation/parallel.h>

namespace gradus {

/// Threads divide copies of at least this many elements.
constexpr Index copy_grain = Index{1} << 16;

/// Copies `outer` blocks of `count` elements, which begin x_step and y_step elements apart.
template <class T>
void copy_blocks(const T* x, Index outer, Index x_step, T* y, Index y_step, Index count) {
  if (count == 0) return;
  parallel_each(outer, grain_of(copy_grain, count),
                [&](Index o) { std::copy_n(x + o * x_step, count, y + o * y_step); });
}

}  // namespace gradus
