#include <gradus/autograd/engine/internal/new_nodes.h>

#include <utility>

#include <gradus/autograd/foundation/thread_modes.h>

namespace gradus {

NewNodes::NewNodes() : outer_(std::exchange(thread_modes.new_nodes, this)) {}
NewNodes::~NewNodes() { thread_modes.new_nodes = outer_; }

void NewNodes::add(const Node* node) {
  for (NewNodes* n = thread_modes.new_nodes; n; n = n->outer_) n->nodes_.insert(node);
}

void NewNodes::add_value(const Tensor& value, std::span<const Input> inputs) {
  for (NewNodes* n = thread_modes.new_nodes; n; n = n->outer_) {
    for (const Input& in : inputs) {
      const Storage* storage = in.tensor->storage().get();
      if (!n->made_.contains(storage) && !n->outside_.contains(storage))
        n->outside_.emplace(storage, in.tensor->detach());
    }
    // A view of a tensor from outside is one too.
    if (const Storage* storage = value.storage().get(); !n->outside_.contains(storage)) n->made_.insert(storage);
  }
}

std::vector<Tensor> NewNodes::read_from_outside() const {
  std::vector<Tensor> tensors;
  for (const auto& [storage, tensor] : outside_)
    if (!storage->unique()) tensors.push_back(tensor);
  return tensors;
}

}  // namespace gradus
