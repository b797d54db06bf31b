#pragma once

#include <string_view>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// Sums of products in the notation of torch.einsum: "bij,bjk->bik" names the axes of each operand and of the result by
/// letters.
/// - A letter that is not in the result is summed over. Without "->" the result has the axes of "...", then the letters
///   that appear once, upper case first.
/// - A letter twice in one operand is its diagonal.
/// - "..." stands for the axes without a letter, aligned at the end. It is summed over if the result lacks it.
/// - An extent of 1 broadcasts. Spaces have no meaning.
/// Operands are multiplied from left to right by `matmul`. Throws with the column of the first fault, counted from 1.
Tensor einsum(std::string_view equation, const std::vector<Tensor>& operands, Place place = Place::current());

}  // namespace gradus
