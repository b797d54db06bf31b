#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/data/tokenize.h>

namespace gradus::train {

/// Sources of a range of lengths, and the number of correct outputs.
struct LengthBucket {
  Index low = 0,    ///< fewest tokens of a source, included
      high = 0;     ///< most tokens of a source, included
  Index pairs = 0,  ///< sources of such a length
      exact = 0;    ///< correct outputs for them
};

/// Counts by length, in at most `most` buckets of equal width from the shortest source to the longest, without empty
/// buckets. Both vectors have one element per source.
std::vector<LengthBucket> by_length(const std::vector<Index>& lengths, const std::vector<bool>& exact, Index most = 8);

/// "7-8", or "7" where both ends are equal.
std::string range_name(const LengthBucket& bucket);

/// The rows as lines; the first column is aligned left, the others right. Widths are those of a terminal.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// Attention weights as text in UTF-8: one row per output token, one column per source token, darker where the weight
/// is larger. weights [rows, columns] are those of decoding; rows and columns after the tokens belong to the end marks.
std::string attention_map(const Tensor& weights, const data::Tokens& source, const data::Tokens& output);

}  // namespace gradus::train
