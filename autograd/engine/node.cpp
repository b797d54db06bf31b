#include <gradus/autograd/engine/node.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gradus {

std::string made_by(const Node& node) {
  if (!node.leaf)
    return fmt::format("the result of '{}' {} made at {}", node.op.name, to_string(node.shape),
                       to_string(node.op.place));
  return node.leaf->name.empty() ? fmt::format("a leaf {}", to_string(node.shape))
                                 : fmt::format("'{}'", node.leaf->name);
}

Node::Node(OpName name, const Tensor& value) : op(name), shape(value.shape()), dtype(value.dtype()) {}
Node::~Node() = default;

Grads Node::apply(const Tensor&, const Tensor&, Needs) { return {}; }

void Node::connect(std::span<const Input> from, const Tensor& value) {
  for (const Input& in : from) {
    Edge e;
    if (in.node) {
      e.node = Ref<Node>(in.node);
      level = std::max(level, in.node->level + 1);
      if (in.node->level == 1) in.node->readers.fetch_add(1, std::memory_order_relaxed);
    }
    if (in.storage) e.seen = WeakStorage(in.storage);
    inputs.push_back(std::move(e));
  }
  if (keeps_output()) {
    output = value.storage();
    output_offset = value.offset();
    output_seen = WeakStorage(output.get());
  }
}

void Node::release_graph() {
  drop_rule();
  note.reset();
  inputs.clear();
  output = {};
  released = true;
}

// Deleting a node can delete its inputs, and theirs: a long chain would recurse too deep. A node whose last reference
// goes while another node is being deleted therefore waits in a queue. The queue links the nodes themselves, because
// memory may be exhausted here.
void Node::release() {
  if (count_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  thread_local bool deleting = false;
  thread_local Node* queue = nullptr;
  if (deleting) {
    next_ = std::exchange(queue, this);
    return;
  }
  deleting = true;
  delete this;
  while (queue) delete std::exchange(queue, queue->next_);
  deleting = false;
}

}  // namespace gradus
