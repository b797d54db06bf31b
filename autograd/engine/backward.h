#pragma once

#include <concepts>
#include <vector>

#include <gradus/autograd/engine/gradients.h>
#include <gradus/autograd/engine/modes.h>

namespace gradus {

/// The options of backward.
struct BackwardOptions {
  Tensor seed = {};           // gradient of the loss; needed when the loss is not a scalar
  bool retain_graph = false;  // keep rules and saved values for another run
  bool create_graph = false;  // record the gradients, so that they can be differentiated; implies retain_graph
  Gradients* into = nullptr;  // instead of the leaves' own grad()
};

/// Reverse-mode differentiation of `loss`: adds the gradients of the leaves to their grad(), or to `into`. Rules and
/// saved values are freed during the run unless they are retained. Throws, with no gradient changed, when
/// - the loss has no graph, or is not a scalar and has no seed,
/// - the graph was freed by an earlier run,
/// - a value that a rule saved was overwritten.
void backward(const Tensor& loss, const BackwardOptions& options = {}, Place place = Place::current());

/// The options of grad.
struct GradOptions {
  std::vector<Tensor> seeds = {};  // one per output; scalars need none
  bool retain_graph = false;       // as in BackwardOptions
  bool create_graph = false;       // as in BackwardOptions
  bool allow_unused = false;       // an input that no output depends on gives an undefined tensor instead of an error
  bool independent = false;        // inputs count as leaves without hooks: no gradient passes through one to another
};

/// d outputs / d inputs, summed over the outputs. Changes no leaf's grad(). Inputs may be results of ops.
std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const GradOptions& options = {}, Place place = Place::current());
/// The same of one output: `grad(loss, {x, w})` is a list, `grad(loss, x)` a tensor.
template <std::same_as<Tensor> Output>
std::vector<Tensor> grad(const Output& output, const std::vector<Tensor>& inputs, const GradOptions& options = {},
                         Place place = Place::current()) {
  return grad(std::vector<Tensor>{output}, inputs, options, place);
}
template <std::same_as<Tensor> Output, std::same_as<Tensor> Wanted>
Tensor grad(const Output& output, const Wanted& input, const GradOptions& options = {},
            Place place = Place::current()) {
  return grad(std::vector<Tensor>{output}, std::vector<Tensor>{input}, options, place).front();
}

}  // namespace gradus
