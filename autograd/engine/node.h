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
  const Tensor* tensor;  // the input itself
  Node* node;            // null: it needs no gradient
  Storage* storage;      // null: the rule does not keep the values
  /// An input whose values the rule may keep.
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
  /// The edge to an input.
  struct Edge {
    Ref<Node> node;    // null when that input needs no gradient
    WeakStorage seen;  // the values that the rule may keep, to detect that they were overwritten
  };
  /// What only a leaf has.
  struct Leaf {
    std::mutex mutex;  // of grad
    Tensor grad;       // the accumulated gradient; undefined: none
    std::string name;  // of the tensor, such as the path of a parameter; may be empty
  };
  using Hook = std::function<Tensor(const Tensor&)>;  // see Tensor::register_hook
  /// What an observer keeps with a node.
  struct Note {
    virtual ~Note() = default;
  };

  /// The node of a value, without inputs so far.
  Node(OpName name, const Tensor& value);
  virtual ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Applies the rule to dy, the gradient of the result y.
  virtual Grads apply(const Tensor& dy, const Tensor& y, Needs needs);
  /// Whether the rule reads y.
  virtual bool keeps_output() const { return false; }
  /// Destroys the rule and the values that it saved.
  virtual void drop_rule() {}

  /// Adds the edges to the inputs of the op, and keeps its value if the rule reads it.
  void connect(std::span<const Input> inputs, const Tensor& value);
  /// Frees the rule, the saved values and the references to the inputs.
  void release_graph();

  /// Count the references, for Ref.
  void retain() { count_.fetch_add(1, std::memory_order_relaxed); }
  void release();

  /// Nodes are in blocks of memory::allocate.
  static void* operator new(std::size_t bytes) { return memory::allocate(bytes); }
  static void operator delete(void* p, std::size_t bytes) { memory::release(p, bytes); }

  const OpName op;                           // of a leaf: "leaf" and the place of set_requires_grad
  const Shape shape;                         // of the value
  const DType dtype;                         // of the value
  int level = 0;                             // longest path from a leaf
  std::atomic<std::uint32_t> readers{0};     // of level 1: how many times ops have it as an input
  bool released = false;                     // whether release_graph was called
  bool observed_inside = false;              // the ops inside the rule are reported to observers
  InlineVector<Edge, 3> inputs;              // one per input of the op, in order
  std::unique_ptr<Leaf> leaf;                // null for ops
  std::unique_ptr<std::vector<Hook>> hooks;  // in the order of their calls; null: none
  std::unique_ptr<Note> note;                // null: none

  // The output, kept when the rule reads it.
  Ref<Storage> output;
  Index output_offset = 0;  // of the value in `output`, in elements
  WeakStorage output_seen;  // detects that the output was overwritten

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
