#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/data/tokenize.h>

namespace gradus::train {

/// How many of the sources of these lengths came out exactly right.
struct LengthBucket {
  Index low = 0, high = 0;  // tokens of the source, both included
  Index pairs = 0, exact = 0;
};

/// Counts by length, in at most `most` buckets of equal width from the shortest source to the longest; buckets without
/// sources are left out. The vectors are of one size.
std::vector<LengthBucket> by_length(const std::vector<Index>& lengths, const std::vector<bool>& exact, Index most = 8);

/// "7-8", or "7" where both ends are one.
std::string range_name(const LengthBucket& bucket);

/// Lines of columns, the first to the left, the others to the right; the first row is the head. Widths are counted in
/// code points.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// A picture of where each output token looked: a row a token, a column a source token, the darker the heavier.
/// weights [rows, columns], rows >= outputs and columns >= sources in number, as decoding gives them; what is beyond
/// the tokens is the end mark. Needs a terminal that shows UTF-8.
std::string attention_map(const Tensor& weights, const data::Tokens& source, const data::Tokens& output);

}  // namespace gradus::train
