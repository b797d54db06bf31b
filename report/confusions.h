#pragma once

#include <string>
#include <vector>

#include <gradus/data/references.h>

namespace gradus::report {

/// Two tokens that outputs exchange, and how often. An empty `wanted` is an inserted token, an empty `got` a missing
/// one.
struct Confusion {
  std::string wanted, got;
  Index count = 0;

  bool operator==(const Confusion&) const = default;
};

/// The edits of a shortest alignment of an output with a reference (Levenshtein 1966), in order, each with count 1.
std::vector<Confusion> edits_between(const data::Tokens& wanted, const data::Tokens& got);

/// The nearest reference to an output; of equally near ones the first.
const data::Tokens& nearest(const std::vector<data::Tokens>& references, const data::Tokens& output);

/// The edits of all outputs against their nearest references, the most frequent first. One output per set.
std::vector<Confusion> confusions(const std::vector<data::Tokens>& outputs,
                                  const std::vector<data::ReferenceSet>& sets);

}  // namespace gradus::report
