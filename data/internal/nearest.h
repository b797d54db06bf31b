#pragma once

#include <vector>

#include <gradus/autograd/foundation/internal/edit_distance.h>

namespace gradus::data {

/// The reference with the smallest edit distance to an output.
struct Nearest {
  std::size_t index = 0;  // among the references
  Index edits = 0;
  Index length = 0;  // of the reference
};

/// The first of equally near references. There must be one.
template <class Sequence>
Nearest nearest_of(const Sequence& output, const std::vector<Sequence>& references) {
  Nearest nearest{.edits = -1};
  for (std::size_t i = 0; i < references.size() && nearest.edits != 0; ++i) {
    const Index edits = output == references[i] ? 0 : gradus::edit_distance(output, references[i]);
    if (nearest.edits == -1 || edits < nearest.edits) nearest = {i, edits, std::ssize(references[i])};
  }
  return nearest;
}

}  // namespace gradus::data
