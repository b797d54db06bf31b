#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <gradus/autograd/engine/gradient.h>
#include <gradus/autograd/engine/op_name.h>

namespace gradus {

class BackwardRun;
struct Visit;

/// An input of an op in `record`: refers to the tensor, which must outlive the call. A Tensor converts to one. A tensor
/// without a gradient, such as ids or a mask, is an input like the others.
struct Input {
  const Tensor* tensor;
  Node* node;
  Storage* storage;  // null: the rule does not keep the values
  Input(const Tensor& t) : tensor(&t), node(t.node()), storage(t.storage().get()) {}
};
/// An input whose values the rule does not keep, so that overwriting them is no error.
inline Input unread(const Tensor& t) {
  Input in(t);
  in.storage = nullptr;
  return in;
}

/// A value's place in the graph: a leaf, or an op with its rule and its inputs.
class Node {
 public:
  struct Edge {
    Ref<Node> node;  // null when that input needs no gradient
    WeakStorage seen;
  };
  struct Leaf {
    std::mutex mutex;  // of grad
    Tensor grad;
    std::string name;
  };
  using Hook = std::function<Tensor(const Tensor&)>;
  /// What an observer keeps with a node.
  struct Note {
    virtual ~Note() = default;
  };

  Node(OpName name, const Tensor& value) : op(name), shape(value.shape()), dtype(value.dtype()) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Applies the rule to dy, the gradient of the result y.
  virtual Grads apply(const Tensor& dy, const Tensor& y, Needs needs);
  /// Whether the rule reads y.
  virtual bool keeps_output() const { return false; }
  /// Destroys the rule and the values that it saved.
  virtual void drop_rule() {}

  void connect(std::span<const Input> inputs, const Tensor& value);
  /// Frees the rule, the saved values and the references to the inputs.
  void release_graph();

  void retain() { count_.fetch_add(1, std::memory_order_relaxed); }
  void release();

  static void* operator new(std::size_t bytes) { return memory::allocate(bytes); }
  static void operator delete(void* p, std::size_t bytes) { memory::release(p, bytes); }

  const OpName op;
  const Shape shape;
  const DType dtype;
  int level = 0;  // longest path from a leaf
  bool released = false;
  bool observed_inside = false;  // the ops inside the rule are reported to observers
  InlineVector<Edge, 3> inputs;
  std::unique_ptr<Leaf> leaf;  // null for ops
  std::unique_ptr<std::vector<Hook>> hooks;
  std::unique_ptr<Note> note;

  // The output, kept when the rule reads it.
  Ref<Storage> output;
  Index output_offset = 0;
  WeakStorage output_seen;

 private:
  friend class BackwardRun;
  friend class NodeClaim;
  Visit* visit_ = nullptr;                        // the planned visit of the current backward run
  Node* next_ = nullptr;                          // in the queue of nodes to delete
  std::atomic<const void*> claimed_by_{nullptr};  // a thread
  std::atomic<std::uint32_t> count_{1};
};

/// "'decoder.query.weight'", or "the result of 'exp' [2, 3] made at model.cpp:12".
std::string made_by(const Node& node);

}  // namespace gradus
