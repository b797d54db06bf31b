#pragma once

#include <vector>

#include <gradus/data/corpus.h>
#include <gradus/data/tokenize.h>

namespace gradus::data {

/// A source and all of its correct targets.
struct ReferenceSet {
  Tokens source;                   // what was decoded
  std::vector<Tokens> references;  // its targets, in the order of the pairs
};

/// Groups the pairs by source. Sources, and the references of each, keep the order in which they first appear. Equal
/// references of a source appear once.
std::vector<ReferenceSet> group_references(const std::vector<Pair>& pairs);

}  // namespace gradus::data
