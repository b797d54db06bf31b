#pragma once

#include <algorithm>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/parallel.h>

namespace gradus {

/// Cuts the work along an axis, if it has elements, among threads: calls body(o, begin, end) for the columns [begin,
/// end) of each slice o of [outer, extent, inner].
template <class Body>
void parallel_columns(const AroundAxis& a, Body body) {
  if (a.extent == 0) return;
  constexpr Index piece = Index{1} << 15;  // elements that are worth a task
  const Index columns = std::max<Index>(64, grain_of(piece, a.extent)), parts = (a.inner + columns - 1) / columns;
  parallel_each(a.outer * parts, grain_of(piece, a.extent * std::min(a.inner, columns)), [&](Index k) {
    const Index begin = k % parts * columns;
    body(k / parts, begin, std::min(begin + columns, a.inner));
  });
}

}  // namespace gradus
