#pragma once

#include <string>
#include <vector>

#include <gradus/train/ranks.h>

namespace gradus::train {

/// What all ranks must have in common: "the training pairs" and a hash of them.
struct Fact {
  std::string name, value;
};

/// Throws, on all ranks, an Error that names the first rank that differs from rank 0, the fact and both values.
void check_same(Ranks& ranks, const std::vector<Fact>& facts);

/// The build of this program, and the kernels that it uses on this processor.
std::vector<Fact> facts_of_program();

/// A hash of the values of tensors.
std::string hash_of(const std::vector<Tensor>& tensors);

}  // namespace gradus::train
