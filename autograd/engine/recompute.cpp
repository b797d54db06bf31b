#include <gradus/autograd/engine/recompute.h>

#include <unordered_set>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/internal/new_nodes.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/internal/restore.h>
#include <gradus/autograd/foundation/thread_modes.h>

namespace gradus {

namespace {

/// Puts this thread into the modes while it lives.
class SameModes {
 public:
  explicit SameModes(const ValueModes& modes) { static_cast<ValueModes&>(thread_modes) = modes; }

 private:
  Restore<ValueModes> before_{thread_modes};
};

// The leaves and earlier results that `result` was computed from, beside the inputs.
std::vector<Tensor> captured_by(const Tensor& result, const std::vector<Tensor>& inputs, const NewNodes& in_function) {
  std::unordered_set<Node*> seen;
  for (const Tensor& t : inputs)
    if (t.node()) seen.insert(t.node());
  std::vector<Tensor> captured;
  std::vector<Node*> stack{result.node()};
  while (!stack.empty()) {
    Node* node = stack.back();
    stack.pop_back();
    if (!seen.insert(node).second) continue;
    if (!in_function.contains(node)) {
      captured.push_back(Tensor::zeros({}).with_node(Ref<Node>(node)));
      continue;
    }
    for (Index i = 0; i < node->inputs.size(); ++i)
      if (Node* in = node->inputs[i].node.get()) stack.push_back(in);
  }
  return captured;
}

// d f(inputs) times dy, by the inputs and then by the tensors that f captured.
Grads differentiate(const TensorFunction& f, const std::vector<Tensor>& inputs, const std::vector<Tensor>& captured,
                    const Tensor& dy, Needs needs) {
  const bool create_graph = grad_enabled();
  const GradMode recording(true);
  std::vector<Tensor> variables = inputs;
  variables.insert(variables.end(), captured.begin(), captured.end());
  std::vector<Tensor> wanted;
  std::vector<Index> positions;
  std::unordered_set<const Node*> seen;  // a tensor that is two inputs gives its whole gradient to the first
  for (Index i = 0; i < std::ssize(variables); ++i) {
    const Tensor& t = variables[static_cast<std::size_t>(i)];
    if (!t.defined() || !t.requires_grad() || !needs[i] || !seen.insert(t.node()).second) continue;
    wanted.push_back(t);
    positions.push_back(i);
  }
  const std::vector<Tensor> found = grad(
      {f(inputs)}, wanted, {.seeds = {dy}, .create_graph = create_graph, .allow_unused = true, .independent = true});
  Grads grads;
  for (std::size_t i = 0; i < variables.size(); ++i) grads.push_back({});
  for (std::size_t i = 0; i < found.size(); ++i) grads[positions[i]] = found[i];
  return grads;
}

}  // namespace

Grads gradients_through(const TensorFunction& f, const std::vector<Tensor>& inputs, const Tensor& dy, Needs needs) {
  return differentiate(f, inputs, {}, dy, needs);
}

Tensor checkpoint(const TensorFunction& f, const std::vector<Tensor>& inputs, Place place) {
  if (!f) throw Error("checkpoint: the function is empty", place);
  if (!grad_enabled()) return f(inputs);
  const ValueModes modes = thread_modes;
  // The first pass is recorded to find what f captures; its graph is freed at the end.
  const NewNodes in_function;
  const Tensor first = f(inputs);
  if (!first.requires_grad()) return first;
  const std::vector<Tensor> captured = captured_by(first, inputs, in_function);
  const std::vector<Tensor> read = in_function.read_from_outside();
  std::vector<Input> edges(inputs.begin(), inputs.end());
  for (const Tensor& t : captured) edges.push_back(unread(t));
  edges.insert(edges.end(), read.begin(), read.end());
  Tensor y = record(OpName("checkpoint", place), first.detach(), edges,
                    [f, inputs, captured, modes, values = read.size()](const Tensor& dy, Needs needs) {
                      const SameModes guard(modes);
                      Grads grads = differentiate(f, inputs, captured, dy, needs);
                      for (std::size_t i = 0; i < values; ++i) grads.push_back({});
                      return grads;
                    });
  y.node()->observed_inside = true;
  return y;
}

}  // namespace gradus
