#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/autograd/foundation/inline_vector.h>
#include <gradus/autograd/foundation/memory.h>

namespace gradus {

/// The name of an op and the place that called it. Written as a string literal; the place comes along.
struct OpName {
  const char* name;
  Place place;
  OpName(const char* n, Place w = Place::current()) : name(n), place(w) {}
};

/// What a rule returns for one input: a tensor that broadcasts from the input's shape (the engine sums it back), an
/// undefined tensor for "none", `rows_product(x, dy)`: the sum over rows of outer products dyᵀ x, which the engine may
/// gather over all uses of a weight and compute as one matrix product, or `added(f)`: f(sum) adds the gradient to a
/// tensor of the input's shape, which spares a tensor of its own to a gradient that is mostly zeros, or one of many.
/// Where f's type has a static add_all(fs, sum), the engine lets those of many uses of a value add themselves together.
/// f is no ordinary op: a rule returns it only where the gradient is not recorded, `grad_enabled()` being false.
struct Gradient {
  Tensor value;  // x of a product
  Tensor dy;     // of a product

  Gradient() = default;
  Gradient(Tensor v) : value(std::move(v)) {}
  static Gradient rows_product(Tensor x, Tensor dy) {
    Gradient g(std::move(x));
    g.dy = std::move(dy);
    return g;
  }
  template <class F>
  static Gradient added(F f) {
    Gradient g;
    g.addition_ = Ref<const Addition>::adopt(new AdditionOf<F>(std::move(f)));
    return g;
  }
  bool defined() const { return value.defined() || is_addition(); }
  bool is_product() const { return dy.defined(); }
  bool is_addition() const { return static_cast<bool>(addition_); }
  /// The gradients, all additions, add themselves to the sum in order.
  static void add_to(Tensor& sum, std::span<const Gradient> gradients) {
    while (!gradients.empty()) gradients = gradients.subspan(gradients[0].addition_->add_leading(sum, gradients));
  }

 private:
  struct Addition {
    mutable std::atomic<std::uint32_t> count{1};
    virtual ~Addition() = default;
    void retain() const { count.fetch_add(1, std::memory_order_relaxed); }
    void release() const {
      if (count.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
    static void* operator new(std::size_t bytes) { return memory::allocate(bytes); }
    static void operator delete(void* p, std::size_t bytes) { memory::release(p, bytes); }
    /// Adds the first of the gradients, which is its own, and as many more as go together with it; tells how many.
    virtual std::size_t add_leading(Tensor& sum, std::span<const Gradient> gradients) const = 0;
  };
  template <class F>
  struct AdditionOf final : Addition {
    F f;
    explicit AdditionOf(F g) : f(std::move(g)) {}
    std::size_t add_leading(Tensor& sum, std::span<const Gradient> gradients) const override {
      if constexpr (requires(std::span<const F* const> fs) { F::add_all(fs, sum); }) {
        std::vector<const F*> alike;
        for (const Gradient& g : gradients) {
          const auto* other = dynamic_cast<const AdditionOf*>(g.addition_.get());
          if (!other) break;
          alike.push_back(&other->f);
        }
        F::add_all(std::span<const F* const>(alike), sum);
        return alike.size();
      } else {
        f(sum);
        return 1;
      }
    }
  };
  Ref<const Addition> addition_;
};

/// One gradient for each input of the op, in order.
using Grads = InlineVector<Gradient, 4>;

/// Which inputs of an op need a gradient in this run; a rule may skip the work for the others.
class Needs {
 public:
  void set(Index i) { mask_ |= i < 64 ? std::uint64_t{1} << i : 0; }
  bool operator[](Index i) const { return i >= 64 || (mask_ >> i & 1) != 0; }

 private:
  std::uint64_t mask_ = 0;
};

/// An input as `record` sees it: refers to the tensor, which outlives the call. A Tensor converts to one; `unread`
/// marks an input whose values the rule does not keep, so that overwriting it is no error.
struct Input {
  const Tensor* tensor;
  Node* node;
  Storage* storage;
  Input(const Tensor& t) : tensor(&t), node(t.node()), storage(t.storage().get()) {}

 private:
  friend Input unread(const Tensor& t);
};
inline Input unread(const Tensor& t) {
  Input in(t);
  in.storage = nullptr;
  return in;
}

/// A value's place in the graph: a leaf, or the op that made it with its rule and its inputs.
class Node {
 public:
  struct Edge {
    Ref<Node> node;  // null when that input needs no gradient
    WeakStorage seen;
  };
  struct Leaf {
    Tensor grad;
    std::string name;
  };
  using Hook = std::function<Tensor(const Tensor&)>;

  Node(OpName made_by, const Tensor& value) : op(made_by), shape(value.shape()), dtype(value.dtype()) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  virtual Grads apply(const Tensor& dy, const Tensor& y, Needs needs);
  virtual bool keeps_output() const { return false; }
  /// Forgets the rule and what it saved.
  virtual void drop_rule() {}

  void connect(std::span<const Input> inputs, const Tensor& value);
  void release_graph();

  void retain() { count_.fetch_add(1, std::memory_order_relaxed); }
  void release();

  static void* operator new(std::size_t bytes) { return memory::allocate(bytes); }
  static void operator delete(void* p, std::size_t bytes) { memory::release(p, bytes); }

  const OpName op;
  const Shape shape;
  const DType dtype;
  int level = 0;  // longest path from a leaf
  InlineVector<Edge, 3> inputs;
  std::unique_ptr<Leaf> leaf;  // null for ops
  std::unique_ptr<std::vector<Hook>> hooks;
  std::unique_ptr<std::vector<Tensor>> read;  // the inputs that the rule reads, of a node made under DetectAnomaly

  // The output, kept when the rule reads it.
  Ref<Storage> output;
  Index output_offset = 0;
  WeakStorage output_seen;

  // State of the run that is visiting the node.
  Tensor pending;
  std::unique_ptr<std::vector<Gradient>> additions;  // to `pending`
  bool queued = false, released = false;

 private:
  std::atomic<std::uint32_t> count_{1};
};

bool grad_enabled();

/// While it lives, ops of this thread are not recorded.
class NoGrad {
 public:
  explicit NoGrad(bool enabled = false);
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

/// While it lives, every value and gradient of this thread is checked, and the first op that goes wrong, forward or
/// backward, throws an Error with its name, its inputs' ranges, the parameters it served and the place that called it.
/// Wrong are a NaN, an infinity made of finite inputs, and any gradient that is not finite; an infinity that was given
/// (as a mask of -inf is) may pass forward.
class DetectAnomaly {
 public:
  explicit DetectAnomaly(bool on = true);
  ~DetectAnomaly();
  DetectAnomaly(const DetectAnomaly&) = delete;
  DetectAnomaly& operator=(const DetectAnomaly&) = delete;

 private:
  bool before_;
};

namespace detail {

bool anomaly_enabled();
void check_forward(const OpName& op, const Tensor& value, std::span<const Input> inputs);
bool any_needs_grad(std::span<const Input> inputs);

template <class Rule>
class RuleNode final : public Node {
  static constexpr bool takes_y_needs = std::is_invocable_v<Rule, const Tensor&, const Tensor&, Needs>;
  static constexpr bool takes_y = std::is_invocable_v<Rule, const Tensor&, const Tensor&>;
  static constexpr bool takes_needs = std::is_invocable_v<Rule, const Tensor&, Needs>;
  static_assert(takes_y_needs || takes_y || takes_needs || std::is_invocable_v<Rule, const Tensor&>,
                "a rule is callable as (dy), (dy, y), (dy, needs) or (dy, y, needs) and returns Grads");

 public:
  RuleNode(OpName made_by, const Tensor& value, Rule rule) : Node(made_by, value), rule_(std::move(rule)) {}
  Grads apply(const Tensor& dy, const Tensor& y, Needs needs) override {
    if constexpr (takes_y_needs) {
      return (*rule_)(dy, y, needs);
    } else if constexpr (takes_y) {
      return (*rule_)(dy, y);
    } else if constexpr (takes_needs) {
      return (*rule_)(dy, needs);
    } else {
      return (*rule_)(dy);
    }
  }
  bool keeps_output() const override { return takes_y_needs || takes_y; }
  void drop_rule() override { rule_.reset(); }

 private:
  std::optional<Rule> rule_;
};

}  // namespace detail

/// Gives a freshly computed value its place in the graph and returns it. `rule(dy)`, `rule(dy, y)`, `rule(dy, needs)`
/// or `rule(dy, y, needs)` returns one gradient an input, written in ordinary ops so that it can be differentiated
/// again. A rule captures the inputs it reads, never its own output: the engine passes that as y. Nothing is recorded,
/// and the rule is dropped, when no input needs a gradient or under `NoGrad`.
template <class Rule>
Tensor record(const OpName& op, Tensor value, std::span<const Input> inputs, Rule rule) {
  if (detail::anomaly_enabled()) detail::check_forward(op, value, inputs);
  if (!grad_enabled() || !detail::any_needs_grad(inputs)) return value;
  auto node = Ref<Node>::adopt(new detail::RuleNode<Rule>(op, value, std::move(rule)));
  node->connect(inputs, value);
  return value.with_node(std::move(node));
}
template <class Rule>
Tensor record(const OpName& op, Tensor value, std::initializer_list<Input> inputs, Rule rule) {
  return record(op, std::move(value), std::span<const Input>(inputs.begin(), inputs.size()), std::move(rule));
}

/// Collects the gradients of one or several backward runs, apart from the leaves' own `grad()`: several graphs over the
/// same parameters can run at once, each with its own. Not itself for use by two threads at a time.
class Gradients {
 public:
  /// Gradients of this leaf are collected in `buffer`, of the leaf's shape. Its values until now are of no account.
  void bind(const Tensor& leaf, Tensor buffer);
  /// Forgets what was collected.
  void restart();
  /// What was collected for the leaf; undefined when nothing was.
  Tensor of(const Tensor& leaf) const;

  // For the engine.
  void only(std::span<const Tensor> leaves);
  void add(Ref<Node> leaf, Gradient g, bool create_graph, const OpName& from);
  void flush();
  void move_into_leaves();

 private:
  struct Entry {
    Ref<Node> leaf;
    Tensor sum;
    std::vector<Gradient> products;  // of a weight, not yet multiplied out
    Index pending_rows = 0;
    bool bound = false, fresh = false;  // fresh: the sum's values are of no account yet
    OpName from{"", Place()};           // of the last product
  };
  static void flush(Entry& e);
  static void zero_if_fresh(Entry& e);
  std::unordered_map<Node*, Index> entries_;
  std::vector<Entry> order_;
  bool restricted_ = false;
};

struct BackwardOptions {
  Tensor seed = {};           // gradient of the loss; needed when the loss is not a scalar
  bool retain_graph = false;  // keep rules and saved values for another run
  bool create_graph = false;  // record the gradients, so that they can be differentiated; implies retain_graph
  Gradients* into = nullptr;  // instead of the leaves' own grad()
};

/// Reverse-mode differentiation of `loss`; accumulates into the leaves (or `into`). Rules and saved values are released
/// as the run passes unless they are retained. Throws, with no gradient changed, when the loss has no graph, is not a
/// scalar and has no seed, when the graph was released, or when a value that a rule saved was overwritten.
void backward(const Tensor& loss, const BackwardOptions& options = {}, Place place = Place::current());

struct GradOptions {
  std::vector<Tensor> seeds = {};  // one an output; scalars need none
  bool retain_graph = false;
  bool create_graph = false;
  bool allow_unused = false;  // an input that no output depends on gives an undefined tensor instead of an error
};

/// d outputs / d inputs, summed over the outputs; touches no leaf's grad(). Inputs may be results of ops.
std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const GradOptions& options = {}, Place place = Place::current());

/// Gradient checkpointing (Chen et al. 2016): computes f(inputs) but keeps none of its intermediate values; backward
/// runs f again, with the same random numbers. f must be a pure function of its inputs and of the leaves it uses.
Tensor checkpoint(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& inputs,
                  Place place = Place::current());

}  // namespace gradus
