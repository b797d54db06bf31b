#pragma once

#include <span>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

namespace gradus::bench {

/// An op of autograd/ops.h on operands of a given size.
struct EveryOp {
  const char* name;                          // without its arguments: "add"
  std::vector<Tensor> (*operands)(Index n);  // the largest has about n elements; those with gradients require them
  Tensor (*f)(const std::vector<Tensor>& in);
};

/// One row for every op. Operators, and other overloads of the same op, have none.
std::span<const EveryOp> every_op();

}  // namespace gradus::bench
