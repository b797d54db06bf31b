#pragma once

#include <string>
#include <vector>

#include <gradus/data/references.h>

namespace gradus::data {

/// An edit between references and outputs, and how often it occurs. Without `output` the token was left out; without
/// `reference` it was inserted.
struct Confusion {
  std::string reference,  ///< the token in the reference; empty: none
      output;             ///< the token in the output; empty: none
  Index count = 0;        // occurrences in all outputs

  bool operator==(const Confusion&) const = default;  // the same edit and count
};

/// The most frequent edits of tokens, at most `most`, in an alignment of each output with its nearest reference that
/// has the fewest edits. Of several such alignments, from the end on a substitution comes before a token left out, and
/// that before an inserted one. Equally frequent edits are in the order of their tokens. Throws Error as `score` does.
std::vector<Confusion> confusions(const std::vector<Tokens>& outputs, const std::vector<ReferenceSet>& sets,
                                  Index most);

}  // namespace gradus::data
