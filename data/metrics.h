#pragma once

#include <vector>

#include <gradus/autograd/foundation/types.h>
#include <gradus/data/references.h>
#include <gradus/data/tokenize.h>

namespace gradus::data {

/// Least number of insertions, deletions and substitutions of tokens that turn one sequence into the other
/// (Levenshtein 1966).
Index edit_distance(const Tokens& a, const Tokens& b);

/// How a set of outputs compares with its references. Rates are shares, not per cent.
struct Score {
  Index pairs = 0;              // sources
  Index exact = 0;              // of them, with an output that equals one of their references
  Index edits = 0;              // edit distances to the nearest reference, summed
  Index reference_tokens = 0;   // lengths of those references, summed
  double word_error_rate = 0;   // (pairs - exact) / pairs
  double token_error_rate = 0;  // edits / reference_tokens; may exceed 1
};

/// Scores hypotheses[i] against sets[i]. Of references equally near, the first counts. Throws Error when there is
/// nothing to score, the numbers differ, or a set has no reference.
Score score(const std::vector<Tokens>& hypotheses, const std::vector<ReferenceSet>& sets);

}  // namespace gradus::data
