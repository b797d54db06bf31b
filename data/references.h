#pragma once

#include <vector>

#include <gradus/data/corpus.h>
#include <gradus/data/tokenize.h>

namespace gradus::data {

/// A source and every target that it may have.
struct ReferenceSet {
  Tokens source;
  std::vector<Tokens> references;
};

/// Groups the pairs by source. Sources, and the references of each, stand in the order of their first appearance;
/// equal references once.
std::vector<ReferenceSet> group_references(const std::vector<Pair>& pairs);

}  // namespace gradus::data
