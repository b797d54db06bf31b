#include <gradus/autograd/engine/tensor.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <ostream>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/foundation/sizes.h>

namespace gradus {

TensorBody::~TensorBody() = default;
void TensorBody::destroy() { delete this; }

namespace {

constexpr Index fill_grain = 1 << 18;

// Throws when the storage does not hold the shape from the offset on.
Ref<TensorBody> make_body(Ref<Storage> storage, Index offset, const Shape& shape, DType dtype) {
  const Index held = static_cast<Index>(storage->bytes()) / size_of(dtype);
  if (offset < 0 || offset > held || shape.numel() > held - offset)
    throw Error(fmt::format("a view of shape {} from element {} on is outside a storage of {} elements",
                            to_string(shape), offset, held));
  auto* body = new TensorBody;
  body->storage = std::move(storage);
  body->offset = offset;
  body->shape = shape;
  body->dtype = dtype;
  return Ref<TensorBody>::adopt(body);
}

void replace_grad(Node::Leaf& leaf, Tensor grad) {
  const std::lock_guard lock(leaf.mutex);
  std::swap(leaf.grad, grad);  // the old one is freed after the lock
}

template <class Value>
void fill_with(Tensor& t, Value value) {
  dispatch(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* p = t.mutable_data<T>();
    parallel_for(t.numel(), fill_grain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) p[i] = static_cast<T>(value(i));
    });
  });
}

// Element i is shift + scale * number i, from groups of n numbers of 16 counter values of `random`.
template <std::size_t n>
void fill_at_random(Tensor& t, const Philox& random, double shift, double scale,
                    void (Philox::*numbers_of)(std::uint64_t, std::array<double, n>&) const) {
  constexpr Index group = n, grain = Index{1} << 13;
  dispatch(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* p = t.mutable_data<T>();
    parallel_for(t.numel(), grain, [&](Index begin, Index end) {
      alignas(64) std::array<double, n> numbers;
      for (Index first = begin; first < end; first += group) {
        (random.*numbers_of)(static_cast<std::uint64_t>(first / group) * (Philox::group / 4), numbers);
        const Index count = std::min(group, end - first);
        for (Index i = 0; i < count; ++i)
          p[first + i] = static_cast<T>(shift + scale * numbers[static_cast<std::size_t>(i)]);
      }
    });
  });
}

// The number as an i64. `op` may be null.
Index whole(const char* op, const Scalar& number, const Place& place) {
  if (number.is_integer()) return number.integer();
  const double value = number;
  if (!holds_index(value) || value != std::trunc(value)) {
    throw Error(fmt::format("{}{}a tensor of i64 cannot hold {}; expected an integer from -2^63 to 2^63 - 1",
                            op ? op : "", op ? ": " : "", value),
                place);
  }
  return static_cast<Index>(value);
}

// What 32 random bits give.
constexpr double largest_uniform = 1 - 0x1p-32, farthest_normal = 6.8;  // the latter in standard deviations

// Throws when a tensor of this type cannot hold all numbers of [low, high].
void check_range(const char* op, DType dtype, double low, double high, const Place& place) {
  if (dtype != DType::i64 || (holds_index(low) && holds_index(high))) return;
  throw Error(
      fmt::format("{}: a tensor of i64 cannot hold numbers from {} to {}; expected -2^63 to 2^63 - 1", op, low, high),
      place);
}

Tensor filled(const char* op, Tensor t, const Scalar& value, const Place& place) {
  if (t.dtype() == DType::i64)
    fill_with(t, [n = whole(op, value, place)](Index) { return n; });
  else
    fill_with(t, [x = value.value()](Index) { return x; });
  return t;
}

Tensor cleared(Tensor t) {
  std::memset(t.storage()->data(), 0, t.storage()->bytes());
  return t;
}

}  // namespace

void Tensor::refuse_undefined() {
  throw Error("an undefined tensor was used; it was default-constructed or moved from");
}

void Tensor::refuse_dtype(DType asked) const {
  throw Error(fmt::format("the values of {} were asked for as {}; convert with to(x, DType::{})", describe(*this),
                          gradus::name(asked), gradus::name(asked)));
}

Tensor Tensor::make(const char* op, const Shape& shape, DType dtype, const Place& place) {
  const Index n = shape.count();
  if (n < 0) throw Error(fmt::format("{}{}{}", op ? op : "", op ? ": " : "", why_impossible(shape)), place);
  const auto bytes = static_cast<std::size_t>(n * size_of(dtype));
  try {
    return Tensor(make_body(Storage::make(bytes), 0, shape, dtype));
  } catch (const OutOfMemory&) {
    throw OutOfMemory(fmt::format("a tensor {} {}", gradus::name(dtype), to_string(shape)), bytes, op, place);
  }
}

Tensor Tensor::empty(const Shape& shape, DType dtype, Place place) { return make(nullptr, shape, dtype, place); }
Tensor Tensor::empty(const OpName& op, const Shape& shape, DType dtype) {
  return make(op.name, shape, dtype, op.place);
}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Place place) { return cleared(empty(shape, dtype, place)); }
Tensor Tensor::zeros(const OpName& op, const Shape& shape, DType dtype) { return cleared(empty(op, shape, dtype)); }

Tensor Tensor::ones(const Shape& shape, DType dtype, Place place) { return full(shape, 1, dtype, place); }

Tensor Tensor::full(const Shape& shape, Scalar value, DType dtype, Place place) {
  return filled(nullptr, empty(shape, dtype, place), value, place);
}
Tensor Tensor::full(const OpName& op, const Shape& shape, Scalar value, DType dtype) {
  return filled(op.name, empty(op, shape, dtype), value, op.place);
}

Tensor Tensor::scalar(Scalar value, DType dtype, Place place) { return full({}, value, dtype, place); }

Tensor Tensor::of_values(const void* values, std::size_t count, const Shape& shape, DType dtype, const Place& place) {
  if (static_cast<Index>(count) != shape.numel()) {
    throw Error(fmt::format("Tensor::from: {} values do not fill shape {}, which has {} elements", count,
                            to_string(shape), shape.numel()),
                place);
  }
  Tensor t = empty(shape, dtype, place);
  if (count > 0) std::memcpy(t.body_->storage->data(), values, count * static_cast<std::size_t>(size_of(dtype)));
  return t;
}

Tensor Tensor::arange(Integer n, DType dtype) {
  Tensor t = empty({n.value()}, dtype, n.place());
  fill_with(t, [](Index i) { return i; });
  return t;
}

Tensor Tensor::uniform(const Shape& shape, Scalar from, Scalar to, const Philox& random, DType dtype, Place place) {
  const double low = from, high = to;
  if (!std::isfinite(high - low) || high < low)
    throw Error(fmt::format("uniform: the interval is [{}, {}), expected a finite length, at least 0", low, high),
                place);
  check_range("uniform", dtype, low, low + (high - low) * largest_uniform, place);
  Tensor t = empty(shape, dtype, place);
  fill_at_random(t, random, low, high - low, &Philox::fill_uniform);
  return t;
}

Tensor Tensor::normal(const Shape& shape, Scalar centre, Scalar spread, const Philox& random, DType dtype,
                      Place place) {
  const double mean = centre, std = spread;
  if (!std::isfinite(mean) || !std::isfinite(std) || std < 0)
    throw Error(fmt::format("normal: mean {} and std {}, expected finite numbers, and std at least 0", mean, std),
                place);
  check_range("normal", dtype, mean - farthest_normal * std, mean + farthest_normal * std, place);
  Tensor t = empty(shape, dtype, place);
  fill_at_random(t, random, mean, std, &Philox::fill_normal);
  return t;
}

Index Tensor::size(Integer axis, Place place) const {
  const Index r = rank();
  if (axis < -r || axis >= r)
    throw Error(fmt::format("size: {} has no axis {}; it has {} axes", describe(*this), axis.value(), r), place);
  return shape()[axis];
}

void* Tensor::raw_mutable(DType t, const Place& place) {
  const void* p = raw(t);
  if (body_->node && !body_->node->leaf)
    throw Error(
        fmt::format("{} is the result of '{}' with a gradient and cannot be written to; write to detach() or to a leaf",
                    describe(*this), body_->node->op.name),
        place);
  body_->storage->count_write(place);
  return const_cast<void*>(p);
}

double Tensor::item(Place place) const {
  if (numel() != 1) throw Error(fmt::format("item: {} has {} elements, expected one", describe(*this), numel()), place);
  return dispatch(dtype(), [&](auto zero) { return static_cast<double>(*data<decltype(zero)>()); });
}

Index Tensor::integer_item(const Place& place) const {
  const double value = item(place);
  if (dtype() == DType::i64) return *data<Index>();
  if (!(std::fabs(value) < 0x1p63) || value != std::trunc(value)) refuse_item(place);
  return static_cast<Index>(value);
}

void Tensor::refuse_item(const Place& place) const {
  throw Error(fmt::format("item: the asked integer type does not hold {} of {}", to_string(*this), describe(*this)),
              place);
}

bool Tensor::requires_grad() const { return static_cast<bool>(body().node); }
bool Tensor::is_leaf() const { return !body().node || body().node->leaf; }

Tensor& Tensor::set_requires_grad(Flag on, Place place) {
  body();
  if (!is_leaf())
    throw Error(fmt::format("set_requires_grad: {} is the result of '{}', only a leaf can be switched; use detach()",
                            describe(*this), body_->node->op.name),
                place);
  if (on && !is_floating(dtype()))
    throw Error(fmt::format("set_requires_grad: {} cannot have a gradient; only f32 and f64 can", describe(*this)),
                place);
  if (on == requires_grad()) return *this;
  if (on) {
    auto node = Ref<Node>::adopt(new Node(OpName("leaf", place), *this));
    node->leaf = std::make_unique<Node::Leaf>();
    node->leaf->name = name();
    body_->node = std::move(node);
    storage()->mark_leaf();
  } else {
    body_->node = {};
  }
  return *this;
}

Tensor Tensor::grad() const {
  const Ref<Node>& n = body().node;
  if (!n || !n->leaf) return {};
  const std::lock_guard lock(n->leaf->mutex);
  return n->leaf->grad;
}

void Tensor::set_grad(const Tensor& g) {
  if (!requires_grad() || !is_leaf())
    throw Error(fmt::format("set_grad: {} is not a leaf that requires a gradient", describe(*this)));
  if (g.defined() && (g.shape() != shape() || g.dtype() != dtype()))
    throw Error(fmt::format("set_grad: {} cannot be the gradient of {}", describe(g), describe(*this)));
  replace_grad(*body_->node->leaf, g);
}

void Tensor::zero_grad() {
  if (requires_grad() && is_leaf()) replace_grad(*body_->node->leaf, {});
}

void Tensor::backward(Place place) const { gradus::backward(*this, {}, place); }
void Tensor::backward(const BackwardOptions& options, Place place) const { gradus::backward(*this, options, place); }

Tensor Tensor::detach() const { return alias(shape()); }

Tensor& Tensor::set_name(std::string name) {
  body();
  if (body_->node && body_->node->leaf) body_->node->leaf->name = name;
  body_->name = std::make_unique<std::string>(std::move(name));
  return *this;
}

const std::string& Tensor::name() const {
  static const std::string none;
  return body().name ? *body().name : none;
}

void Tensor::register_hook(std::function<Tensor(const Tensor&)> hook, Place place) {
  if (!requires_grad())
    throw Error(
        fmt::format("register_hook: {} does not require a gradient, so the hook would never run", describe(*this)),
        place);
  if (!hook) throw Error("register_hook: the function is empty", place);
  auto& hooks = body_->node->hooks;
  if (!hooks) hooks = std::make_unique<std::vector<Node::Hook>>();
  hooks->push_back(std::move(hook));
}

Tensor Tensor::alias(const Shape& shape, Index offset) const {
  const TensorBody& b = body();
  if (offset < 0)
    throw Error(fmt::format("alias: the offset {} into {} must not be negative", offset, describe(*this)));
  return Tensor(make_body(b.storage, add_sat(b.offset, offset), shape, b.dtype));
}

void Tensor::move_into(Tensor home, Place place) {
  if (home.shape() != shape() || home.dtype() != dtype())
    throw Error(fmt::format("move_into: {} does not fit {}", describe(*this), describe(home)), place);
  void* bytes = home.raw_mutable(dtype(), place);
  std::memmove(bytes, raw(dtype()), static_cast<std::size_t>(numel() * size_of(dtype())));
  const TensorBody& to = home.body();
  if (body_->storage->holds_leaf()) to.storage->mark_leaf();
  body_->storage = to.storage;
  body_->offset = to.offset;
}

bool Tensor::exclusively_owned() const {
  return body().count.load(std::memory_order_acquire) == 1 && body_->storage->unique();
}

bool Tensor::overlaps(const Tensor& other) const {
  if (storage() != other.storage()) return false;
  const Index begin = offset() * size_of(dtype()), end = begin + numel() * size_of(dtype());
  const Index from = other.offset() * size_of(other.dtype()), to = from + other.numel() * size_of(other.dtype());
  return std::max(begin, from) < std::min(end, to);
}

Tensor Tensor::of_storage(const Ref<Storage>& storage, Index offset, const Shape& shape, DType dtype) {
  return Tensor(make_body(storage, offset, shape, dtype));
}

Tensor Tensor::with_node(Ref<Node> node) const {
  // A shared handle gets a copy, so that its other users stay outside the graph.
  Tensor t = body().count.load(std::memory_order_acquire) == 1 && !body().node ? *this : alias(shape());
  t.body_->node = std::move(node);
  return t;
}

std::string describe(const Tensor& t) {
  if (!t.defined()) return "an undefined tensor";
  const std::string kind = fmt::format("{} {}", name(t.dtype()), to_string(t.shape()));
  return t.name().empty() ? kind : fmt::format("'{}' ({})", t.name(), kind);
}

namespace {
std::string nested(const Tensor& t, Index axis, Index offset) {
  if (axis == t.rank())
    return dispatch(t.dtype(), [&](auto zero) {
      return fmt::format("{:.6g}", static_cast<double>(t.data<decltype(zero)>()[offset]));
    });
  Index stride = 1;
  for (Index a = axis + 1; a < t.rank(); ++a) stride *= t.shape()[a];
  const Index n = t.shape()[axis], shown = 8;
  std::string s = "[";
  for (Index i = 0; i < std::min(n, shown); ++i) s += (i ? ", " : "") + nested(t, axis + 1, offset + i * stride);
  return s + (n > shown ? ", ...]" : "]");
}
}  // namespace

std::string to_string(const Tensor& t) { return t.defined() ? nested(t, 0, 0) : "undefined"; }

std::ostream& operator<<(std::ostream& out, const Tensor& t) { return out << to_string(t); }

}  // namespace gradus
