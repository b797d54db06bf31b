#pragma once

#include <gradus/data/measure.h>
#include <gradus/data/references.h>

namespace gradus::data {

// Error rates of outputs, each a share. An edit is an insertion, a deletion or a substitution (Levenshtein 1966). Edits
// count against the reference that is nearest in edits, the first of equal ones, and are divided by the length of these
// references; a rate of edits may exceed 1. All throw Error when there is no output, the numbers of outputs and of sets
// differ, or a set has no reference.

/// Outputs that equal none of their references. Papers on grapheme-to-phoneme conversion call it the word error rate.
Measure sequence_error_rate(const std::vector<Tokens>& outputs, const std::vector<ReferenceSet>& sets);

/// Edits of tokens. It is the phone error rate (PER) when the tokens are phones.
Measure token_error_rate(const std::vector<Tokens>& outputs, const std::vector<ReferenceSet>& sets);

/// Edits of words, the parts of a text between white space (WER of speech recognition).
Measure word_error_rate(const Texts& texts);

/// Edits of code points, white space included (CER).
Measure character_error_rate(const Texts& texts);

}  // namespace gradus::data
