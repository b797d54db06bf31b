#pragma once

#include <unordered_map>
#include <vector>

#include <gradus/autograd/engine/node.h>

namespace gradus {

/// Collects the gradients of leaves over one or more backward runs, apart from the leaves' own `grad()`. Several graphs
/// over the same parameters can run at the same time, each with its own Gradients. Not for use by two threads at once.
class Gradients {
 public:
  /// Collects the leaf's gradient in `buffer`, a tensor of its shape and dtype. The buffer's current contents are
  /// ignored. Throws when the leaf requires no gradient or the buffer does not fit.
  void bind(const Tensor& leaf, Tensor buffer);
  /// Drops what was collected.
  void restart();
  /// What was collected for the leaf; undefined when nothing was.
  Tensor of(const Tensor& leaf) const;

  // For the engine.
  /// Adds a gradient of the leaf's shape from the rule of `op`.
  void add(const Ref<Node>& leaf, Gradient g, const OpName& op);
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
  };
  Entry& entry(const Ref<Node>& leaf);
  static void add_tensor(Entry& e, Tensor value);
  static void add_addition(Entry& e, const Gradient& g);
  static void compute_products(Entry& e);
  static void zero_if_stale(Entry& e);

  std::unordered_map<const Node*, std::size_t> positions_;
  std::vector<Entry> entries_;  // in the order of their first gradient
};

}  // namespace gradus
