#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// A function of the current values of its leaves.
struct LeafFunction {
  std::function<Tensor()> value;
  std::vector<Tensor> leaves;
};

/// The gradient of f as a function: the derivatives of Σ seed * f by all leaves, recorded (create_graph) and joined in
/// one row [number of elements of the leaves]. Its leaves are those of f, then `seed`, which has the shape of f.
LeafFunction gradient_function(const LeafFunction& f, const Tensor& seed);

/// The same values, by a backward pass that is not recorded.
std::vector<double> gradient_values(const LeafFunction& f, const Tensor& seed);

}  // namespace gradus
