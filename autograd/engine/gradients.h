#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include <gradus/autograd/engine/node.h>

namespace gradus {

/// Collects the gradients of leaves over one or more backward runs, apart from the leaves' own `grad()`. Several graphs
/// over the same parameters can run at the same time, each with its own Gradients. Not for use by two threads at once.
class Gradients {
 public:
  /// Collects the leaf's gradient in `buffer`, a tensor of its shape and dtype. The buffer's current contents are
  /// ignored. Throws when the leaf requires no gradient, and when the buffer does not fit, or overlaps the leaf or the
  /// buffer of another leaf.
  void bind(const Tensor& leaf, Tensor buffer);
  /// Drops what was collected.
  void restart();
  /// Calls complete(i) in the next backward run for each bound leaf i, counted from 0 in the order of `bind`, as soon
  /// as the run adds nothing more to its gradient; for leaves with hooks and those that the run does not reach, at its
  /// end.
  void notify(std::function<void(std::size_t)> complete);
  /// What was collected for the leaf; undefined when nothing was.
  Tensor of(const Tensor& leaf) const;

  // For the engine.
  /// Adds a gradient of the leaf's shape from the rule of `op`.
  void add(const Ref<Node>& leaf, Gradient g, const OpName& op);
  /// Whether `notify` was called since the last run.
  bool notifies() const { return complete_ != nullptr; }
  /// An op of the run has the leaf as an input.
  void expect(const Node& leaf);
  /// One of these ops has added its gradient.
  void added(const Node& leaf);
  /// Computes the gathered products, and zeroes the buffers to which nothing was added.
  void flush();
  /// Adds everything to the leaves' own grad().
  void move_into_leaves();

 private:
  friend class BackwardRun;
  struct Entry {
    explicit Entry(Ref<Node> l) : leaf(std::move(l)) {}
    Ref<Node> leaf;
    Tensor sum;
    std::vector<Gradient> products;  // of a weight, not computed yet
    Index product_rows = 0;
    OpName product_op{"", Place()};  // of the last product
    bool bound = false;              // sum is the caller's buffer
    bool stale = false;              // the contents of sum are to be ignored
    std::size_t number = 0;          // in the order of bind
    Index expected = 0;              // ops that have not added their gradients
    bool announced = false;          // complete_ was called
  };
  Entry& entry(const Ref<Node>& leaf);
  static void add_tensor(Entry& e, Tensor value);
  static void add_addition(Entry& e, const Gradient& g);
  static void compute_products(Entry& e);
  static void zero_if_stale(Entry& e);
  void announce(Entry& e);

  std::unordered_map<const Node*, std::size_t> positions_;
  std::vector<Entry> entries_;  // in the order of their first gradient
  std::size_t bound_ = 0;       // calls of bind
  std::function<void(std::size_t)> complete_;
};

}  // namespace gradus
