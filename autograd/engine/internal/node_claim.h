#pragma once

#include <utility>

#include <gradus/autograd/engine/node.h>

namespace gradus {

/// Keeps the backward runs of other threads off a node while it lives, because a run reads and frees the node's rule
/// and inputs. Claims of one thread nest.
class NodeClaim {
 public:
  NodeClaim() = default;
  /// Throws Error at `place` when another thread has claimed the node.
  NodeClaim(Node& node, const Place& place);
  NodeClaim(NodeClaim&&) noexcept = default;
  NodeClaim& operator=(NodeClaim&& o) noexcept {
    std::swap(node_, o.node_);
    return *this;
  }
  ~NodeClaim() {
    if (node_) node_->claimed_by_.store(nullptr, std::memory_order_release);
  }

 private:
  Ref<Node> node_;  // null inside another claim of this thread
};

[[noreturn]] void refuse_released(const Node& node, const Place& place);
[[noreturn]] void refuse_second_run(const Node& node, const Place& place);

}  // namespace gradus
