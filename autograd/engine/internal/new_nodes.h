#pragma once

#include <unordered_set>

namespace gradus {

class Node;

/// Collects the nodes that this thread records while it lives, those inside rules too.
class NewNodes {
 public:
  NewNodes();
  ~NewNodes();
  NewNodes(const NewNodes&) = delete;
  NewNodes& operator=(const NewNodes&) = delete;

  bool contains(const Node* node) const { return nodes_.contains(node); }
  /// Adds the node to all collections of this thread.
  static void add(const Node* node);

 private:
  NewNodes* const outer_;
  std::unordered_set<const Node*> nodes_;
};

}  // namespace gradus
