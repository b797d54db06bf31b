#include <gradus/autograd/engine/gradients.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <gradus/autograd/engine/internal/accumulate.h>
#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/engine/observer.h>

namespace gradus {

namespace {

// Products of a weight are gathered up to this many rows and then computed as one: enough rows that the sum is not read
// and written for a few of them, and few enough to take little memory.
constexpr Index gathered_rows = 512;

// The rows of one side of all products, one below the other.
Tensor stack_rows(const std::vector<Gradient>& products, Tensor (Gradient::*side)() const) {
  const Tensor first = (products[0].*side)();
  if (products.size() == 1) return first;
  Index rows = 0;
  for (const Gradient& g : products) rows += (g.*side)().shape()[0];
  Tensor all = Tensor::empty({rows, first.shape()[1]}, first.dtype());
  dispatch_floating(first.dtype(), [&](auto zero) {
    auto* to = all.mutable_data<decltype(zero)>();
    for (const Gradient& g : products) {
      const Tensor part = (g.*side)();
      to = std::copy_n(part.data<decltype(zero)>(), part.numel(), to);
    }
  });
  return all;
}

}  // namespace

void Gradients::bind(const Tensor& leaf, Tensor buffer) {
  if (!leaf.requires_grad() || !leaf.is_leaf() || buffer.shape() != leaf.shape() || buffer.dtype() != leaf.dtype())
    throw Error(
        fmt::format("Gradients::bind: {} cannot collect the gradient of {}, expected a leaf that requires one and a "
                    "buffer of its shape and dtype",
                    describe(buffer), describe(leaf)));
  for (const Entry& other : entries_) {
    if (other.bound && other.leaf.get() != leaf.node() && other.sum.overlaps(buffer)) {
      throw Error(fmt::format("Gradients::bind: the buffer of {} overlaps that of {}, expected bytes of its own",
                              made_by(*leaf.node()), made_by(*other.leaf)));
    }
  }
  if (buffer.overlaps(leaf))
    throw Error(fmt::format("Gradients::bind: {} overlaps its buffer, expected other bytes", describe(leaf)));
  Entry& e = entry(Ref<Node>(leaf.node()));
  e.sum = std::move(buffer);
  if (!e.bound) e.number = bound_++;
  e.bound = e.stale = true;
}

void Gradients::restart() {
  for (Entry& e : entries_) {
    e.stale = e.bound;
    if (!e.bound) e.sum = Tensor();
    e.products.clear();
    e.product_rows = 0;
  }
}

void Gradients::notify(std::function<void(std::size_t)> complete) {
  complete_ = std::move(complete);
  for (Entry& e : entries_) {
    e.expected = 0;
    e.announced = false;
  }
}

void Gradients::expect(const Node& leaf) {
  if (const auto it = positions_.find(&leaf); it != positions_.end()) ++entries_[it->second].expected;
}

void Gradients::added(const Node& leaf) {
  const auto it = positions_.find(&leaf);
  if (it != positions_.end() && --entries_[it->second].expected == 0) announce(entries_[it->second]);
}

// Nothing more is added to the leaf's gradient.
void Gradients::announce(Entry& e) {
  compute_products(e);
  zero_if_stale(e);
  if (complete_ && e.bound && !std::exchange(e.announced, true)) complete_(e.number);
}

Tensor Gradients::of(const Tensor& leaf) const {
  const auto it = positions_.find(leaf.node());
  return it == positions_.end() ? Tensor() : entries_[it->second].sum;
}

Gradients::Entry& Gradients::entry(const Ref<Node>& leaf) {
  const auto [it, is_new] = positions_.try_emplace(leaf.get(), entries_.size());
  if (is_new) entries_.emplace_back(leaf);
  return entries_[it->second];
}

void Gradients::add(const Ref<Node>& leaf, Gradient g, const OpName& op) {
  Entry& e = entry(leaf);
  if (g.is_addition()) {
    add_addition(e, g);
  } else if (g.is_tensor()) {
    add_tensor(e, std::move(g.tensor()));
  } else {
    e.product_rows += g.product_x().shape()[0];
    e.product_op = op;
    e.products.push_back(std::move(g));
    if (e.product_rows >= gathered_rows) compute_products(e);
  }
}

void Gradients::add_tensor(Entry& e, Tensor value) {
  zero_if_stale(e);
  if (e.bound) {
    add_into(e.sum, value);
  } else {
    accumulate(e.sum, std::move(value));
  }
}

void Gradients::add_addition(Entry& e, const Gradient& g) {
  zero_if_stale(e);
  if (e.bound) {
    Gradient::add_to(e.sum, {&g, 1});
  } else {
    accumulate_additions(e.sum, {&g, 1}, *e.leaf);
  }
}

void Gradients::compute_products(Entry& e) {
  if (e.products.empty()) return;
  const NoGrad mode;
  const Tensor x = stack_rows(e.products, &Gradient::product_x), dy = stack_rows(e.products, &Gradient::product_dy);
  const bool first = std::exchange(e.stale, false) || !e.sum.defined();
  if (!e.sum.defined()) e.sum = Tensor::empty(e.leaf->op, e.leaf->shape, e.leaf->dtype);
  product_of_rows(dy, x, e.sum, !first);
  if (Observer* o = observer()) o->on_product(e.product_op, e.sum, *e.leaf, x, dy);
  e.products.clear();
  e.product_rows = 0;
}

void Gradients::zero_if_stale(Entry& e) {
  if (!std::exchange(e.stale, false)) return;
  dispatch_floating(e.sum.dtype(),
                    [&](auto zero) { std::fill_n(e.sum.mutable_data<decltype(zero)>(), e.sum.numel(), zero); });
}

void Gradients::flush() {
  for (Entry& e : entries_) announce(e);
  complete_ = nullptr;
}

void Gradients::move_into_leaves() {
  for (Entry& e : entries_) {
    if (!e.sum.defined()) continue;
    const std::lock_guard lock(e.leaf->leaf->mutex);
    Tensor& grad = e.leaf->leaf->grad;
    // A later gradient is added in place, which must not change a value that others hold, such as the caller's seed.
    if (!grad.defined() && !grad_enabled() && !e.sum.exclusively_owned()) e.sum = copy_of(e.leaf->op, e.sum);
    accumulate(grad, std::move(e.sum));
  }
}

}  // namespace gradus
