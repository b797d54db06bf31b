#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>

#include <gradus/autograd/engine/tensor.h>

// Wrong rules on purpose, to see whether gradient checks notice. Only builds with GRADUS_MUTATE have them.
namespace gradus::mutation {

enum class Kind {
  sign,        // the gradient negated
  factor,      // half the gradient: a missing factor
  sum,         // of a gradient to be summed over broadcast axes, the first entry of each
  transposed,  // the last two axes exchanged, in the shape that is due
};

struct Mutant {
  std::string op;
  Index input = 0;
  Kind kind = Kind::sign;
};

/// From now on the op's gradient for that input is wrong; nothing: all are right. Not for use by several threads.
void seed(const std::optional<Mutant>& mutant);
/// Whether the mutant changed a value since it was seeded.
bool changed();
/// The op names and inputs whose gradients were asked for since the last call.
std::set<std::pair<std::string, Index>> visited();

// For the engine.
bool meets(const std::string& op, Index input);
/// The seeded mutant's version of the gradient g for an input of this shape.
Tensor wrong(const Tensor& g, const Shape& shape);

}  // namespace gradus::mutation
