#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gradus/autograd/engine/graph.h>

// What DetectAnomaly finds and how it says so; called by the engine.
namespace gradus {

/// "'decoder.query.weight'", or "the result of 'exp' [2, 3] made at model.cpp:12".
std::string made_by(const Node& n);

namespace anomaly {

/// The inputs that a rule reads, and so keeps anyway.
std::unique_ptr<std::vector<Tensor>> read_inputs(std::span<const Input> inputs);

/// Throws unless g, what the rule of `from` gave for its input `to` when its result's gradient was dy, is finite.
void check_backward(const Node& from, const Tensor& g, const Node& to, const Tensor& dy);

/// The same for the gradient of a weight, a sum of outer products of the rows of dy and x.
void check_product(const OpName& from, const Tensor& sum, const Node& weight, const Tensor& x, const Tensor& dy);

}  // namespace anomaly
}  // namespace gradus
