#pragma once

#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <gradus/autograd/engine/node.h>

namespace gradus {

/// Collects what this thread records while it lives, inside rules too: nodes, and the tensors that ops read.
class NewNodes {
 public:
  NewNodes();
  ~NewNodes();
  NewNodes(const NewNodes&) = delete;
  NewNodes& operator=(const NewNodes&) = delete;

  bool contains(const Node* node) const { return nodes_.contains(node); }
  /// The tensors that ops read and no op made, outside the graph, without those that nothing else holds.
  std::vector<Tensor> read_from_outside() const;

  /// Adds the node to all collections of this thread.
  static void add(const Node* node);
  /// Adds an op's inputs and value to all collections of this thread.
  static void add_value(const Tensor& value, std::span<const Input> inputs);

 private:
  NewNodes* const outer_;
  std::unordered_set<const Node*> nodes_;
  std::unordered_set<const Storage*> made_;
  std::unordered_map<const Storage*, Tensor> outside_;
};

}  // namespace gradus
