#include <gradus/autograd/engine/graph.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include <gradus/autograd/engine/internal/accumulate.h>
#include <gradus/autograd/engine/internal/anomaly.h>
#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/internal/mutation.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

namespace gradus {

namespace {

thread_local bool recording = true;

}  // namespace

std::string made_by(const Node& n) {
  if (n.leaf)
    return n.leaf->name.empty() ? fmt::format("a leaf {}", to_string(n.shape)) : fmt::format("'{}'", n.leaf->name);
  return fmt::format("the result of '{}' {} made at {}", n.op.name, to_string(n.shape), to_string(n.op.place));
}

// Nodes ---------------------------------------------------------------------------------------------------------------

Grads Node::apply(const Tensor&, const Tensor&, Needs) { return {}; }

void Node::connect(std::span<const Input> from, const Tensor& value) {
  for (const Input& in : from) {
    Edge e;
    if (in.node) {
      e.node = Ref<Node>(in.node);
      level = std::max(level, in.node->level + 1);
    }
    if (in.storage) e.seen = WeakStorage(in.storage);
    inputs.push_back(std::move(e));
  }
  if (detail::anomaly_enabled()) read = anomaly::read_inputs(from);
  if (keeps_output()) {
    output = value.storage();
    output_offset = value.offset();
    output_seen = WeakStorage(output.get());
  }
}

void Node::release_graph() {
  drop_rule();
  read.reset();
  inputs.clear();
  output = {};
  released = true;
}

// A node frees the nodes it saved, which free theirs: a long chain would recurse as deep as it is long. So a node that
// dies while another is dying waits in a queue.
void Node::release() {
  if (count_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  thread_local std::vector<Node*>* dying = nullptr;
  if (dying) {
    dying->push_back(this);
    return;
  }
  std::vector<Node*> queue;
  dying = &queue;
  delete this;
  while (!queue.empty()) {
    Node* next = queue.back();
    queue.pop_back();
    delete next;
  }
  dying = nullptr;
}

// Modes ---------------------------------------------------------------------------------------------------------------

bool grad_enabled() { return recording; }
NoGrad::NoGrad(bool enabled) : before_(recording) { recording = enabled; }
NoGrad::~NoGrad() { recording = before_; }

bool detail::any_needs_grad(std::span<const Input> inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [](const Input& in) { return in.node != nullptr; });
}

// Collected gradients -------------------------------------------------------------------------------------------------

namespace {

// Products of a weight wait until this many rows have gathered, then become one matrix product: enough that the sum is
// not read and written for a few rows, and few enough that what waits is no burden to memory.
constexpr Index gathered_rows = 512;

// [..., n] -> [rows, n]
Tensor as_rows(const Tensor& t) { return reshape(t, {rows_of(t.shape()), t.shape().back()}); }

// The gradient as one tensor, for the input `to`.
Tensor evaluate(const Gradient& g, const Node& to) {
  if (g.is_product()) return product_of_rows(as_rows(g.dy), as_rows(g.value));
  if (!g.is_addition()) return g.value;
  Tensor sum = Tensor::zeros(to.shape, to.dtype);
  Gradient::add_to(sum, {&g, 1});
  return sum;
}

// Lets gradients add themselves to a sum that may not exist yet.
void accumulate_additions(Tensor& sum, std::span<const Gradient> gradients, const Node& to) {
  if (!sum.defined()) sum = Tensor::zeros(to.shape, to.dtype);
  if (!sum.exclusively_owned()) sum = clone(sum);
  Gradient::add_to(sum, gradients);
}

void accumulate(Tensor& sum, Tensor g, bool create_graph) {
  if (!sum.defined()) {
    sum = std::move(g);
  } else if (!create_graph && sum.exclusively_owned()) {
    add_into(sum, g);
  } else {
    sum = add(sum, g);
  }
}

}  // namespace

void Gradients::bind(const Tensor& leaf, Tensor buffer) {
  if (!leaf.requires_grad() || !leaf.is_leaf() || buffer.shape() != leaf.shape() || buffer.dtype() != leaf.dtype())
    throw Error(
        fmt::format("Gradients::bind: {} cannot collect the gradient of {}, expected a leaf that requires one and a "
                    "buffer of its shape and dtype",
                    describe(buffer), describe(leaf)));
  entries_[leaf.node()] = std::ssize(order_);
  order_.push_back({Ref<Node>(leaf.node()), std::move(buffer), {}, 0, true, true});
}

void Gradients::restart() {
  for (Entry& e : order_) {
    e.fresh = e.bound;
    if (!e.bound) e.sum = Tensor();
  }
}

void Gradients::zero_if_fresh(Entry& e) {
  if (!std::exchange(e.fresh, false)) return;
  dispatch_floating(e.sum.dtype(),
                    [&](auto zero) { std::fill_n(e.sum.mutable_data<decltype(zero)>(), e.sum.numel(), zero); });
}

void Gradients::only(std::span<const Tensor> leaves) {
  restricted_ = true;
  for (const Tensor& t : leaves) {
    if (entries_.contains(t.node())) continue;
    entries_[t.node()] = std::ssize(order_);
    order_.push_back({Ref<Node>(t.node()), {}, {}, 0, false, false});
  }
}

Tensor Gradients::of(const Tensor& leaf) const {
  const auto it = entries_.find(leaf.node());
  return it == entries_.end() ? Tensor() : order_[static_cast<std::size_t>(it->second)].sum;
}

void Gradients::add(Ref<Node> leaf, Gradient g, bool create_graph, const OpName& from) {
  const auto [it, fresh] = entries_.try_emplace(leaf.get(), std::ssize(order_));
  if (fresh) {
    if (restricted_) {
      entries_.erase(it);
      return;
    }
    order_.push_back({leaf, {}, {}, 0, false, false});
  }
  Entry& e = order_[static_cast<std::size_t>(it->second)];
  if (g.is_product() && !create_graph) {
    e.pending_rows += rows_of(g.value.shape());
    e.products.push_back(std::move(g));
    e.from = from;
    if (e.pending_rows >= gathered_rows) flush(e);
    return;
  }
  if (g.is_addition() && !create_graph) {
    zero_if_fresh(e);
    if (e.bound) {
      Gradient::add_to(e.sum, {&g, 1});
    } else {
      accumulate_additions(e.sum, {&g, 1}, *leaf);
    }
    return;
  }
  Tensor value = evaluate(g, *leaf);
  if (e.bound) {
    zero_if_fresh(e);
    add_into(e.sum, value);
  } else {
    accumulate(e.sum, std::move(value), create_graph);
  }
}

void Gradients::flush(Entry& e) {
  if (e.products.empty()) return;
  NoGrad guard;
  Tensor x = as_rows(e.products[0].value), dy = as_rows(e.products[0].dy);
  if (e.products.size() > 1) {
    std::vector<Tensor> xs, dys;
    for (const Gradient& g : e.products) {
      xs.push_back(as_rows(g.value));
      dys.push_back(as_rows(g.dy));
    }
    x = concat(xs, 0);
    dy = concat(dys, 0);
  }
  const bool first = std::exchange(e.fresh, false) || !e.sum.defined();
  if (!e.sum.defined()) e.sum = Tensor::empty(e.leaf->shape, e.leaf->dtype);
  product_of_rows(dy, x, e.sum, !first);
  if (detail::anomaly_enabled()) anomaly::check_product(e.from, e.sum, *e.leaf, x, dy);
  e.products.clear();
  e.pending_rows = 0;
}

void Gradients::flush() {
  for (Entry& e : order_) {
    flush(e);
    zero_if_fresh(e);
  }
}

void Gradients::move_into_leaves() {
  for (Entry& e : order_) {
    if (!e.sum.defined()) continue;
    Tensor& grad = e.leaf->leaf->grad;
    // A value that others hold too (another leaf, the caller's seed) would change with a write to this gradient.
    if (!grad.defined() && !grad_enabled() && !e.sum.exclusively_owned()) e.sum = clone(e.sum);
    accumulate(grad, std::move(e.sum), grad_enabled());
  }
}

// The run -------------------------------------------------------------------------------------------------------------

namespace {

struct Deeper {
  bool operator()(const Ref<Node>& a, const Ref<Node>& b) const { return a->level < b->level; }
};

// One backward run: nodes wait in a heap, deepest first, so each is visited after all that read its value.
class Run {
 public:
  Run(Gradients& into, bool retain, bool create_graph, const Place& place)
      : into_(into), retain_(retain), create_graph_(create_graph), place_(place) {}
  ~Run() {
    for (const Ref<Node>& n : heap_) forget(*n);
  }

  /// Restricts the run to the nodes from which a target can be reached.
  void restrict_to(const std::unordered_set<Node*>* useful, std::unordered_map<Node*, Tensor>* targets,
                   bool leaf_hooks) {
    useful_ = useful;
    targets_ = targets;
    leaf_hooks_ = leaf_hooks;
  }

  void seed(const Ref<Node>& node, const Tensor& dy) { deliver(node, dy, *node, dy); }

  void go() {
    NoGrad mode(create_graph_);
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), Deeper{});
      const Ref<Node> node = std::move(heap_.back());
      heap_.pop_back();
      node->queued = false;
      if (const auto additions = std::exchange(node->additions, nullptr))
        accumulate_additions(node->pending, *additions, *node);
      visit(node, std::exchange(node->pending, Tensor()));
    }
    for (Waiting& w : leaves_) visit(w.leaf, std::move(w.sum));
    into_.flush();
  }

 private:
  static void forget(Node& n) {
    n.pending = Tensor();
    n.additions.reset();
    n.queued = false;
  }

  void visit(const Ref<Node>& node, Tensor dy) {
    if (node->hooks && (leaf_hooks_ || !node->leaf))
      for (const Node::Hook& hook : *node->hooks)
        if (Tensor replaced = hook(dy); replaced.defined()) {
          if (replaced.shape() != node->shape || replaced.dtype() != node->dtype)
            throw Error(fmt::format("a hook on {} returned {}, expected shape {}", made_by(*node), describe(replaced),
                                    to_string(node->shape)));
          dy = std::move(replaced);
        }
    if (targets_)
      if (const auto it = targets_->find(node.get()); it != targets_->end()) it->second = dy;
    if (node->leaf) {
      into_.add(node, std::move(dy), create_graph_, node->op);
      return;
    }
    if (node->released)
      throw Error(fmt::format("backward reached {} a second time, but its rule was released by the first run; pass "
                              "retain_graph = true to the first",
                              made_by(*node)),
                  place_);
    Needs needs;
    bool any = false;
    for (Index i = 0; i < node->inputs.size(); ++i) {
      const Node::Edge& e = node->inputs[i];
      if (e.seen.overwritten()) refuse_overwritten(*node, e.seen, "an input");
      if (e.node && (!useful_ || useful_->contains(e.node.get()))) {
        needs.set(i);
        any = true;
      }
    }
    if (node->output_seen.overwritten()) refuse_overwritten(*node, node->output_seen, "its result");
    if (any) {
      Grads grads = apply(*node, dy, output_of(node), needs);
      if (grads.size() != node->inputs.size())
        throw Error(fmt::format("the rule of '{}' returned {} gradients for {} inputs", node->op.name, grads.size(),
                                node->inputs.size()),
                    node->op.place);
#ifdef GRADUS_MUTATE
      for (Index i = 0; i < grads.size(); ++i)
        if (needs[i] && node->inputs[i].node && grads[i].defined() && mutation::meets(node->op.name, i))
          grads[i] = mutation::wrong(evaluate(grads[i], *node->inputs[i].node), node->inputs[i].node->shape);
#endif
      if (!detail::anomaly_enabled()) dy = Tensor();
      for (Index i = 0; i < grads.size(); ++i)
        if (needs[i] && node->inputs[i].node && grads[i].defined())
          deliver(node->inputs[i].node, std::move(grads[i]), *node, dy);
    }
    if (!retain_) node->release_graph();
  }

  // Of what goes wrong inside a rule, the rule is told of: its gradients are what deliver() checks.
  static Grads apply(Node& node, const Tensor& dy, const Tensor& y, Needs needs) {
    const DetectAnomaly off(false);
    return node.apply(dy, y, needs);
  }

  Tensor output_of(const Ref<Node>& node) const {
    if (!node->output) return {};
    const Tensor y = Tensor::of_storage(node->output, node->output_offset, node->shape, node->dtype);
    return create_graph_ ? y.with_node(node) : y;
  }

  [[noreturn]] static void refuse_overwritten(const Node& n, const WeakStorage& seen, const char* what) {
    throw Error(fmt::format(
        "backward of '{}' (at {}) needs the value of {} that it saved, but the value was overwritten at {}; "
        "run backward before writing, or write to a clone",
        n.op.name, to_string(n.op.place), what, to_string(seen.last_write())));
  }

  // g: what the rule of `from`, given dy, says for its input `to`.
  void deliver(const Ref<Node>& to, Gradient g, const Node& from, const Tensor& dy) {
    const bool to_sink = to->leaf && !to->hooks && !targets_;
    if (g.is_addition() && !create_graph_ && (to_sink || !to->leaf)) {
      if (detail::anomaly_enabled()) anomaly::check_backward(from, evaluate(g, *to), *to, dy);
      if (to_sink) {
        into_.add(to, std::move(g), create_graph_, from.op);
      } else {
        if (!to->additions) to->additions = std::make_unique<std::vector<Gradient>>();
        to->additions->push_back(std::move(g));
        enqueue(to);
      }
      return;
    }
    if (to_sink && g.is_product()) {
      into_.add(to, std::move(g), create_graph_, from.op);
      return;
    }
    Tensor value = evaluate(g, *to);
    if (value.shape() != to->shape) value = sum_to(value, to->shape, from.op.place);
    if (value.dtype() != to->dtype)
      throw Error(fmt::format("the rule of '{}' returned a gradient of dtype {} for an input of dtype {}", from.op.name,
                              name(value.dtype()), name(to->dtype)),
                  from.op.place);
    if (detail::anomaly_enabled()) anomaly::check_backward(from, value, *to, dy);
    if (to_sink) {
      into_.add(to, std::move(value), create_graph_, from.op);
      return;
    }
    if (to->leaf) {
      const auto [it, fresh] = leaf_at_.try_emplace(to.get(), leaves_.size());
      if (fresh) leaves_.push_back({to, {}});
      accumulate(leaves_[it->second].sum, std::move(value), create_graph_);
      return;
    }
    accumulate(to->pending, std::move(value), create_graph_);
    enqueue(to);
  }

  void enqueue(const Ref<Node>& node) {
    if (node->queued) return;
    node->queued = true;
    heap_.push_back(node);
    std::push_heap(heap_.begin(), heap_.end(), Deeper{});
  }

  // A leaf is in many graphs, so what waits for its hooks waits here: other runs, on this thread or another, may be at
  // the same leaf.
  struct Waiting {
    Ref<Node> leaf;
    Tensor sum;
  };

  Gradients& into_;
  const bool retain_, create_graph_;
  bool leaf_hooks_ = true;
  const Place place_;
  std::vector<Ref<Node>> heap_;
  std::vector<Waiting> leaves_;
  std::unordered_map<Node*, std::size_t> leaf_at_;
  const std::unordered_set<Node*>* useful_ = nullptr;
  std::unordered_map<Node*, Tensor>* targets_ = nullptr;
};

Tensor seed_for(const Tensor& output, const Tensor& given, const Place& place) {
  if (!output.requires_grad())
    throw Error(
        fmt::format(
            "backward: {} has no graph; no input of its computation requires a gradient, or it was computed under "
            "NoGrad",
            describe(output)),
        place);
  if (given.defined()) {
    if (given.shape() != output.shape() || given.dtype() != output.dtype())
      throw Error(fmt::format("backward: the seed {} does not have the shape and dtype of {}", describe(given),
                              describe(output)),
                  place);
    return given;
  }
  if (output.numel() != 1)
    throw Error(fmt::format("backward: {} is not a scalar; pass a seed of its shape, or reduce it with sum or mean",
                            describe(output)),
                place);
  return Tensor::ones(output.shape(), output.dtype());
}

// The nodes between outputs and targets, and whether each target was reached. Iterative depth-first search.
std::unordered_set<Node*> nodes_towards(const std::vector<Tensor>& outputs,
                                        const std::unordered_map<Node*, Tensor>& targets) {
  std::unordered_set<Node*> useful, seen;
  std::vector<std::pair<Node*, bool>> stack;
  for (const Tensor& o : outputs) stack.emplace_back(o.node(), false);
  while (!stack.empty()) {
    auto [node, children_done] = stack.back();
    stack.pop_back();
    if (children_done) {
      bool reaches = targets.contains(node);
      for (Index i = 0; i < node->inputs.size() && !reaches; ++i)
        reaches = node->inputs[i].node && useful.contains(node->inputs[i].node.get());
      if (reaches) useful.insert(node);
    } else if (seen.insert(node).second) {
      stack.emplace_back(node, true);
      for (Index i = 0; i < node->inputs.size(); ++i)
        if (Node* in = node->inputs[i].node.get()) stack.emplace_back(in, false);
    }
  }
  return useful;
}

}  // namespace

void backward(const Tensor& loss, const BackwardOptions& options, Place place) {
  const Tensor seed = seed_for(loss, options.seed, place);
  Gradients own;
  Gradients& into = options.into ? *options.into : own;
  Run run(into, options.retain_graph || options.create_graph, options.create_graph, place);
  run.seed(Ref<Node>(loss.node()), seed);
  run.go();
  if (!options.into) {
    NoGrad mode(options.create_graph);
    own.move_into_leaves();
  }
}

namespace {

std::vector<Tensor> gradients_of(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                                 const GradOptions& options, const Place& place, bool leaf_hooks) {
  if (!options.seeds.empty() && options.seeds.size() != outputs.size())
    throw Error(fmt::format("grad: {} seeds for {} outputs", options.seeds.size(), outputs.size()), place);
  std::vector<Tensor> seeds;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    seeds.push_back(seed_for(outputs[i], options.seeds.empty() ? Tensor() : options.seeds[i], place));
  std::unordered_map<Node*, Tensor> targets;
  for (const Tensor& in : inputs) {
    if (!in.requires_grad())
      throw Error(fmt::format("grad: {} does not require a gradient; call set_requires_grad() on it before it is used",
                              describe(in)),
                  place);
    targets.emplace(in.node(), Tensor());
  }
  const std::unordered_set<Node*> useful = nodes_towards(outputs, targets);
  Gradients none;
  none.only({});
  Run run(none, options.retain_graph || options.create_graph, options.create_graph, place);
  run.restrict_to(&useful, &targets, leaf_hooks);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (useful.contains(outputs[i].node())) run.seed(Ref<Node>(outputs[i].node()), seeds[i]);
  run.go();
  std::vector<Tensor> result;
  for (const Tensor& in : inputs) {
    const Tensor& g = targets.at(in.node());
    if (!g.defined() && !options.allow_unused)
      throw Error(
          fmt::format("grad: no output depends on {}; pass allow_unused = true to get an undefined gradient for it",
                      describe(in)),
          place);
    result.push_back(g);
  }
  return result;
}

}  // namespace

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const GradOptions& options, Place place) {
  return gradients_of(outputs, inputs, options, place, true);
}

// Recompute -----------------------------------------------------------------------------------------------------------

Tensor checkpoint(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& inputs,
                  Place place) {
  if (!grad_enabled()) return f(inputs);
  const RandomScope::State random = RandomScope::current();
  // One recorded pass tells which leaves f uses besides its inputs; its graph is dropped when `first` goes.
  std::vector<Tensor> all = inputs;
  const Tensor first = f(inputs);
  if (!first.requires_grad()) return first;
  std::unordered_set<Node*> seen;
  for (const Tensor& t : inputs)
    if (t.node()) seen.insert(t.node());
  std::vector<Node*> stack{first.node()};
  while (!stack.empty()) {
    Node* n = stack.back();
    stack.pop_back();
    if (!seen.insert(n).second) continue;
    if (n->leaf) all.push_back(Tensor::zeros({}).with_node(Ref<Node>(n)));
    for (Index i = 0; i < n->inputs.size(); ++i)
      if (Node* in = n->inputs[i].node.get()) stack.push_back(in);
  }
  std::vector<Input> edges;
  for (std::size_t i = 0; i < all.size(); ++i) edges.push_back(i < inputs.size() ? Input(all[i]) : unread(all[i]));
  return record(OpName("checkpoint", place), first.detach(), edges,
                [f, inputs, all, random, detect = detail::anomaly_enabled()](const Tensor& dy, Needs needs) {
                  const bool create_graph = grad_enabled();
                  const DetectAnomaly inside(detect);
                  NoGrad recording_on(true);
                  RandomScope again(random);
                  std::vector<Tensor> arguments = inputs, wanted;
                  // Nodes of their own, so that no input lies on the way to another.
                  for (Tensor& t : arguments)
                    if (t.requires_grad()) t = create_graph ? reshape(t, t.shape()) : t.detach().set_requires_grad();
                  for (std::size_t i = 0; i < all.size(); ++i)
                    if (all[i].requires_grad() && needs[static_cast<Index>(i)])
                      wanted.push_back(i < arguments.size() ? arguments[i] : all[i]);
                  // The hooks of leaves run on the whole gradient, once, and not on this part of it.
                  const std::vector<Tensor> gradients =
                      gradients_of({f(arguments)}, wanted,
                                   {.seeds = {dy}, .create_graph = create_graph, .allow_unused = true}, Place(), false);
                  Grads result;
                  std::size_t next = 0;
                  for (std::size_t i = 0; i < all.size(); ++i)
                    result.push_back(all[i].requires_grad() && needs[static_cast<Index>(i)]
                                         ? Gradient(gradients[next++])
                                         : Gradient());
                  return result;
                });
}

}  // namespace gradus
