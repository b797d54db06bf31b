#pragma once

#include <algorithm>

#include <gradus/autograd/ops/internal/columns.h>

namespace gradus {

/// Along an axis of [outer, extent, inner], forward or reversed: out[k] = first(k) at the border, then out[k] =
/// next(k, out of the element before). k counts the elements of the tensor.
template <class T, class First, class Next>
void scan(const AroundAxis& a, bool reversed, First first, Next next, T* out) {
  if (a.extent == 0 || a.inner == 0) return;
  const Index start = reversed ? (a.extent - 1) * a.inner : 0, step = reversed ? -a.inner : a.inner;
  if (a.inner > 1) {
    parallel_columns(a, [=](Index o, Index begin, Index end) {
      const Index row = o * a.extent * a.inner + start;
      for (Index i = row + begin; i < row + end; ++i) out[i] = first(i);
      for (Index e = 1; e < a.extent; ++e) {
        const Index at = row + e * step;
        for (Index i = at + begin; i < at + end; ++i) out[i] = next(i, out[i - step]);
      }
    });
    return;
  }
  // Several rows together, because each element waits for the one before it.
  constexpr Index together = 8, piece = Index{1} << 14;
  const Index groups = (a.outer + together - 1) / together;
  parallel_each(groups, grain_of(piece, together * a.extent), [=](Index g) {
    const Index rows = std::min(together, a.outer - g * together), row = g * together * a.extent + start;
    T last[together];
    for (Index r = 0; r < rows; ++r) out[row + r * a.extent] = last[r] = first(row + r * a.extent);
    for (Index e = 1; e < a.extent; ++e) {
      const Index at = row + e * step;
      for (Index r = 0; r < rows; ++r) out[at + r * a.extent] = last[r] = next(at + r * a.extent, last[r]);
    }
  });
}

}  // namespace gradus
