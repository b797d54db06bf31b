#pragma once

#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <gradus/autograd/engine/gradients.h>
#include <gradus/autograd/engine/internal/node_claim.h>

namespace gradus {

/// A node that a backward run has reached and not yet differentiated.
struct Visit {
  Ref<Node> node;
  NodeClaim claim;
  const BackwardRun* run = nullptr;
  Tensor gradient;                  // the sum of the tensors so far
  std::vector<Gradient> additions;  // to be added to it
  std::uint32_t delivered = 0;      // gradients of a node of level 1
  std::size_t near_leaf = 0;        // its position among the waiting nodes of level 1
};

/// One run of reverse-mode differentiation. Nodes wait in a heap by level, the longest path from a leaf, so the run
/// reaches a node after all ops that read its value. Those of level 1, such as a slice of a weight, do not wait for the
/// others once all ops that read them have delivered a gradient. So the gradient of the leaf is complete early.
class BackwardRun {
 public:
  struct Options {
    bool retain_graph = false, create_graph = false;
    std::unordered_map<const Node*, Tensor> targets = {};       // results of ops whose gradients are wanted
    const std::unordered_set<const Node*>* path = nullptr;      // only these nodes; null: all
    const std::unordered_set<const Node*>* boundary = nullptr;  // nodes that count as leaves without hooks; null: none
  };

  BackwardRun(Gradients& leaves, Options options, const Place& place)
      : leaves_(leaves), options_(std::move(options)), place_(place) {}
  ~BackwardRun();

  /// dy: the gradient of the node's value.
  void seed(const Ref<Node>& node, const Tensor& dy);
  void run();

  /// The gradient of a target after the run; undefined when no seed reached it.
  const Tensor& target(const Node* node) const { return options_.targets.at(node); }

 private:
  void expect_leaves();
  Visit* next();
  void count_delivered(Visit& visit);
  Tensor finish(Visit& visit, const Node& node);
  void keep_if_target(const Node& node, const Tensor& dy);
  Grads apply_rule(const Ref<Node>& node, Tensor dy, Needs needs) const;
  void deliver(const Ref<Node>& to, Gradient g, const OpName& op, bool by_rule);
  static void add(Visit& visit, const Node& to, Gradient g, const OpName& op);
  void run_leaf_hooks();

  Needs needs_of(const Node& node) const;
  bool is_needed(const Node* input) const;
  void check_usable(const Node& node) const;
  Visit& visit_of(const Ref<Node>& node);

  Gradients& leaves_;
  Gradients hooked_leaves_;  // leaves whose hooks run once their gradients are complete
  Options options_;
  const Place place_;
  std::deque<Visit> visits_;
  std::vector<Visit*> heap_, unused_;
  // Those of level 1: which wait, null where one was taken out, and which have all gradients.
  std::vector<Visit*> near_leaves_, complete_;
  std::size_t near_leaves_waiting_ = 0;
};

}  // namespace gradus
