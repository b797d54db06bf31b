#include <gradus/autograd/engine/internal/backward_run.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/internal/accumulate.h>
#include <gradus/autograd/engine/internal/expand.h>
#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/engine/observer.h>

namespace gradus {

namespace {

bool nearer_to_leaves(const Visit* a, const Visit* b) { return a->node->level < b->node->level; }

Tensor call_hooks(const Node& node, Tensor dy) {
  if (!node.hooks) return dy;
  const std::vector<Node::Hook> hooks = *node.hooks;  // a hook may register further hooks
  for (const Node::Hook& hook : hooks) {
    const WeakStorage seen(dy.storage().get());
    Tensor replaced = hook(dy);
    if (seen.overwritten())
      throw Error(
          fmt::format("a hook on {} wrote to its gradient at {}; other gradients may share the bytes, so return a "
                      "new tensor instead",
                      made_by(node), to_string(seen.last_write())));
    if (!replaced.defined()) continue;
    if (replaced.shape() != node.shape || replaced.dtype() != node.dtype)
      throw Error(fmt::format("a hook on {} returned {}, expected {} {}", made_by(node), describe(replaced),
                              name(node.dtype), to_string(node.shape)));
    dy = std::move(replaced);
  }
  return dy;
}

[[noreturn]] void refuse_rule(const OpName& op, const std::string& what) {
  throw Error(fmt::format("the rule of '{}' returned {}", op.name, what), op.place);
}

// Throws unless g, which the rule of `op` returned, is a gradient for the input `to`.
void check_gradient(const Gradient& g, const Node& to, const OpName& op) {
  if (!g.is_tensor()) {
    if (grad_enabled())
      refuse_rule(op, "a gradient that is not recorded; while grad_enabled() is true a rule returns tensors");
    if (g.is_product() && !g.product_fits(to.shape, to.dtype))
      refuse_rule(
          op, fmt::format("a product {}, expected {} {}", g.describe_product(), name(to.dtype), to_string(to.shape)));
    return;
  }
  const Tensor& value = g.tensor();
  if (value.dtype() != to.dtype)
    refuse_rule(op,
                fmt::format("a gradient of dtype {} for an input of dtype {}", name(value.dtype()), name(to.dtype)));
  if (!broadcasts_to(to.shape, value.shape()))
    refuse_rule(op, fmt::format("a gradient of shape {} for an input of shape {}, expected that shape or one to which "
                                "it broadcasts",
                                to_string(value.shape()), to_string(to.shape)));
}

Grads call_rule(Node& node, const Tensor& dy, const Tensor& y, Needs needs, Observer* watching) {
  const bool inside = watching && (watching->observes_rules() || node.observed_inside);
  if (watching) watching->on_rule(node);
  const ObserverScope scope(inside ? watching : nullptr);
  return node.apply(dy, y, needs);
}

[[noreturn]] void refuse_overwritten(const Node& node, const WeakStorage& seen, const char* what) {
  throw Error(
      fmt::format("backward of '{}' (at {}) needs the value of {} that it saved, but the value was overwritten at {}; "
                  "run backward before writing, or write to a clone",
                  node.op.name, to_string(node.op.place), what, to_string(seen.last_write())));
}

}  // namespace

BackwardRun::~BackwardRun() {
  for (const std::vector<Visit*>* waiting : {&heap_, &near_leaves_, &complete_})
    for (Visit* v : *waiting)
      if (v != nullptr) v->node->visit_ = nullptr;
}

void BackwardRun::seed(const Ref<Node>& node, const Tensor& dy) { deliver(node, dy, node->op, false); }

void BackwardRun::run() {
  const GradMode mode(options_.create_graph);
  if (leaves_.notifies()) expect_leaves();
  while (Visit* visit = next()) {
    const Ref<Node> node = std::move(visit->node);
    const NodeClaim claim = std::move(visit->claim);
    Tensor dy = call_hooks(*node, finish(*visit, *node));
    keep_if_target(*node, dy);
    check_usable(*node);
    if (const Needs needs = needs_of(*node); needs.any()) {
      Grads grads = apply_rule(node, std::move(dy), needs);
      for (Index i = 0; i < grads.size(); ++i)
        if (needs[i] && grads[i].defined()) deliver(node->inputs[i].node, std::move(grads[i]), node->op, true);
    }
    if (leaves_.notifies()) {
      for (Index i = 0; i < node->inputs.size(); ++i)
        if (const Node* in = node->inputs[i].node.get(); in && in->leaf && !in->hooks) leaves_.added(*in);
    }
    if (!options_.retain_graph) node->release_graph();
  }
  run_leaf_hooks();
  leaves_.flush();
}

// Counts the inputs of all ops that are leaves without hooks.
void BackwardRun::expect_leaves() {
  std::unordered_set<const Node*> seen;
  std::vector<const Node*> waiting;
  for (const std::vector<Visit*>* seeds : {&heap_, &near_leaves_})
    for (const Visit* visit : *seeds) waiting.push_back(visit->node.get());
  while (!waiting.empty()) {
    const Node* node = waiting.back();
    waiting.pop_back();
    if (!seen.insert(node).second) continue;
    for (Index i = 0; i < node->inputs.size(); ++i) {
      const Node* in = node->inputs[i].node.get();
      if (in == nullptr) continue;
      if (!in->leaf)
        waiting.push_back(in);
      else if (!in->hooks)
        leaves_.expect(*in);
    }
  }
}

// A node of level 1 that has all gradients, or else the deepest node that waits; null when none is left.
Visit* BackwardRun::next() {
  Visit* visit = nullptr;
  if (!complete_.empty()) {
    visit = complete_.back();
    complete_.pop_back();
  } else if (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), nearer_to_leaves);
    visit = heap_.back();
    heap_.pop_back();
  } else {
    while (visit == nullptr && !near_leaves_.empty()) {
      visit = near_leaves_.back();
      near_leaves_.pop_back();
    }
    if (visit == nullptr) return nullptr;
  }
  visit->node->visit_ = nullptr;
  return visit;
}

// A gradient of a node of level 1 has arrived.
void BackwardRun::count_delivered(Visit& visit) {
  if (++visit.delivered != visit.node->readers.load(std::memory_order_relaxed)) return;
  near_leaves_[visit.near_leaf] = nullptr;
  complete_.push_back(&visit);
  if (--near_leaves_waiting_ == 0) near_leaves_.clear();
}

// The complete gradient of the visited node; the visit can be used again.
Tensor BackwardRun::finish(Visit& visit, const Node& node) {
  if (!visit.additions.empty()) {
    accumulate_additions(visit.gradient, visit.additions, node);
    if (Observer* o = observer()) o->on_sum(visit.additions.front().op(), node);
    visit.additions.clear();
  }
  unused_.push_back(&visit);
  return std::exchange(visit.gradient, Tensor());
}

void BackwardRun::keep_if_target(const Node& node, const Tensor& dy) {
  if (options_.targets.empty()) return;
  const auto target = options_.targets.find(&node);
  if (target != options_.targets.end()) target->second = dy;
}

Grads BackwardRun::apply_rule(const Ref<Node>& node, Tensor dy, Needs needs) const {
  Tensor y;
  if (node->output) {
    y = Tensor::of_storage(node->output, node->output_offset, node->shape, node->dtype);
    if (options_.create_graph) y = y.with_node(node);
  }
  Observer* const watching = observer();
  const WeakStorage seen(dy.storage().get());
  Grads grads = call_rule(*node, dy, y, needs, watching);
  if (seen.overwritten()) {
    throw Error(
        fmt::format("the rule of '{}' wrote to the gradient that it was given, at {}; other gradients may share "
                    "the bytes",
                    node->op.name, to_string(seen.last_write())),
        node->op.place);
  }
  if (grads.size() != node->inputs.size())
    refuse_rule(node->op, fmt::format("{} gradients, expected one per input: {}", grads.size(), node->inputs.size()));
  for (Index i = 0; i < grads.size(); ++i) {
    const Node* to = node->inputs[i].node.get();
    if (i >= Needs::exact && !is_needed(to)) grads[i] = {};
    if (needs[i] && grads[i].defined()) check_gradient(grads[i], *to, node->op);
  }
  if (watching) watching->on_gradients(*node, dy, needs, grads);
  return grads;
}

// g: what the rule of `op` returned for its input `to`, or a seed.
void BackwardRun::deliver(const Ref<Node>& to, Gradient g, const OpName& op, bool by_rule) {
  if (g.is_addition()) g.set_op(op);
  // The input was broadcast.
  if (g.is_tensor() && g.tensor().shape() != to->shape)
    g = detail::sum_to(OpName("sum_to", op.place), g.tensor(), to->shape);
  const bool at_boundary = options_.boundary && options_.boundary->contains(to.get());
  if (to->leaf || at_boundary) {
    const bool adds = !g.is_product();
    Gradients& sink = to->hooks && !at_boundary ? hooked_leaves_ : leaves_;
    sink.add(to, std::move(g), op);
    if (Observer* o = observer(); o && adds) o->on_sum(op, *to);
  } else {
    Visit& visit = visit_of(to);
    if (g.is_addition())
      visit.additions.push_back(std::move(g));
    else
      add(visit, *to, std::move(g), op);
    if (by_rule && to->level == 1) count_delivered(visit);
  }
}

// Adds a gradient that is no addition.
void BackwardRun::add(Visit& visit, const Node& to, Gradient g, const OpName& op) {
  Tensor value = g.is_tensor() ? std::move(g.tensor()) : g.evaluate(to.shape, to.dtype);
  Observer* const watching = observer();
  if (watching && g.is_product()) watching->on_product(op, value, to, g.product_x(), g.product_dy());
  const bool adds = visit.gradient.defined();
  accumulate(visit.gradient, std::move(value));
  if (watching && adds) watching->on_sum(op, to);
}

void BackwardRun::run_leaf_hooks() {
  hooked_leaves_.flush();
  for (const Gradients::Entry& e : hooked_leaves_.entries_) leaves_.add(e.leaf, call_hooks(*e.leaf, e.sum), e.leaf->op);
}

Needs BackwardRun::needs_of(const Node& node) const {
  Needs needs;
  for (Index i = 0; i < node.inputs.size(); ++i)
    if (is_needed(node.inputs[i].node.get())) needs.set(i);
  return needs;
}

bool BackwardRun::is_needed(const Node* input) const {
  return input && (!options_.path || options_.path->contains(input));
}

void BackwardRun::check_usable(const Node& node) const {
  if (node.released) refuse_released(node, place_);
  for (Index i = 0; i < node.inputs.size(); ++i)
    if (node.inputs[i].seen.overwritten()) refuse_overwritten(node, node.inputs[i].seen, "an input");
  if (node.output_seen.overwritten()) refuse_overwritten(node, node.output_seen, "its result");
}

Visit& BackwardRun::visit_of(const Ref<Node>& node) {
  NodeClaim claim(*node, place_);
  if (Visit* planned = node->visit_) {
    if (planned->run != this) refuse_second_run(*node, place_);
    return *planned;
  }
  Visit* visit = nullptr;
  if (unused_.empty()) {
    visit = &visits_.emplace_back();
  } else {
    visit = unused_.back();
    unused_.pop_back();
  }
  visit->node = node;
  visit->claim = std::move(claim);
  visit->run = this;
  node->visit_ = visit;
  visit->delivered = 0;
  if (node->level == 1) {
    visit->near_leaf = near_leaves_.size();
    near_leaves_.push_back(visit);
    ++near_leaves_waiting_;
  } else {
    heap_.push_back(visit);
    std::push_heap(heap_.begin(), heap_.end(), nearer_to_leaves);
  }
  return *visit;
}

}  // namespace gradus
