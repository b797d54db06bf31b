#pragma once

#include <vector>

#include <gradus/autograd/foundation/types.h>
#include <gradus/data/references.h>
#include <gradus/data/tokenize.h>

namespace gradus::data {

/// The smallest number of insertions, deletions and substitutions of tokens that turns one sequence into the other
/// (Levenshtein 1966).
Index edit_distance(const Tokens& a, const Tokens& b);

/// A comparison of outputs with their references. Rates are shares, not percent.
struct Score {
  Index pairs = 0;                 // sources
  Index exact = 0;                 // sources whose output equals one of their references
  Index edits = 0;                 // sum of the edit distances to the nearest reference
  Index reference_tokens = 0;      // sum of the lengths of these references
  double sequence_error_rate = 0;  // (pairs - exact) / pairs; papers on grapheme-to-phoneme conversion call it WER
  double token_error_rate = 0;     // edits / reference_tokens; may exceed 1
};

/// Throws Error when `sets` is empty, the numbers of hypotheses and sets differ, or a set has no reference.
void check(const std::vector<Tokens>& hypotheses, const std::vector<ReferenceSet>& sets);

/// Scores hypotheses[i] against sets[i]. If several references are equally near, the first counts. Throws Error as
/// `check` does.
Score score(const std::vector<Tokens>& hypotheses, const std::vector<ReferenceSet>& sets);

}  // namespace gradus::data
