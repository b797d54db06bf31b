#include <gradus/autograd/engine/record.h>

#include <algorithm>

#include <gradus/autograd/engine/internal/new_nodes.h>
#include <gradus/autograd/engine/observer.h>

namespace gradus {

bool detail::begin_record(const OpName& op, const Tensor& value, std::span<const Input> inputs) {
  if (Observer* o = observer()) o->on_value(op, value, inputs);
  NewNodes::add_value(value, inputs);
  return grad_enabled() &&
         std::any_of(inputs.begin(), inputs.end(), [](const Input& in) { return in.node != nullptr; });
}

Tensor without_gradient(const OpName& op, Tensor value, std::initializer_list<Input> inputs) {
  const std::span<const Input> all(inputs.begin(), inputs.size());
  if (Observer* o = observer()) o->on_value(op, value, all);
  NewNodes::add_value(value, all);
  return value;
}

Tensor detail::finish_record(Ref<Node> node, Tensor value, std::span<const Input> inputs) {
  node->connect(inputs, value);
  NewNodes::add(node.get());
  if (Observer* o = observer()) o->on_record(*node, inputs);
  return value.with_node(std::move(node));
}

}  // namespace gradus
