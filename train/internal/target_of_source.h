#pragma once

#include <vector>

#include <gradus/data/vocabulary.h>

namespace gradus::train {

/// For each source id the id of the target token with the same text, -1 where there is none; the end mark has the end
/// mark, the other special ids have none. Throws Error when no token is in both vocabularies.
std::vector<Index> target_of_source(const data::Vocabulary& source, const data::Vocabulary& target);

/// The source ids, but the special ones, that have a target id.
Index count_copyable(const std::vector<Index>& target_of_source);

}  // namespace gradus::train
