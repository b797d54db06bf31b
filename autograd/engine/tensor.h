#pragma once

#include <atomic>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <gradus/autograd/engine/op_name.h>
#include <gradus/autograd/foundation/memory.h>
#include <gradus/autograd/foundation/ref.h>
#include <gradus/autograd/foundation/scalars.h>
#include <gradus/autograd/foundation/storage.h>
#include <gradus/autograd/foundation/types.h>

namespace gradus {

class Node;
class Philox;
struct BackwardOptions;

/// The state that all copies of a handle share.
struct TensorBody {
  Ref<Storage> storage;                 // the bytes of the values
  Index offset = 0;                     // of the first value in the storage, in elements
  Shape shape;                          // extents, outermost first
  DType dtype = DType::f32;             // type of each value
  Ref<Node> node;                       // null: requires no gradient
  std::unique_ptr<std::string> name;    // null: none
  std::atomic<std::uint32_t> count{1};  // number of handles

  ~TensorBody();
  /// Count the handles, for Ref.
  void retain() { count.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (count.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  /// Bodies are in blocks of memory::allocate.
  static void* operator new(std::size_t bytes) { return memory::allocate(bytes); }
  static void operator delete(void* p, std::size_t bytes) { memory::release(p, bytes); }

 private:
  void destroy();
};

/// A multi-dimensional array and its node in the graph: row-major and contiguous.
/// - A Tensor is a cheap handle: copies share values, gradient and node.
/// - Views (reshape, slices of the leading axis) share the bytes, so a write through one changes all.
/// - A default-constructed Tensor is undefined; only `defined()` and assignment work on it.
/// - Assignment binds the handle to another tensor and writes no values, so `x[0] = y` does not compile. Values are
///   written by `mutable_data`.
class Tensor {
 public:
  Tensor() = default;
  /// Copies share values, gradient and node. Nothing can be assigned to a temporary.
  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) = default;
  Tensor& operator=(const Tensor&) & = default;
  Tensor& operator=(Tensor&&) & = default;

  // Construction. Extents of zero are allowed. A negative extent and more than Shape::max_numel elements throw, and so
  // does a size that the system does not give (OutOfMemory).
  static Tensor empty(const Shape& shape, DType dtype = DType::f32, Place place = Place::current());  // uninitialised
  static Tensor zeros(const Shape& shape, DType dtype = DType::f32, Place place = Place::current());
  static Tensor ones(const Shape& shape, DType dtype = DType::f32, Place place = Place::current());
  /// Throws also when i64 does not hold the value, as a fraction.
  static Tensor full(const Shape& shape, Scalar value, DType dtype = DType::f32, Place place = Place::current());
  static Tensor scalar(Scalar value, DType dtype = DType::f32, Place place = Place::current());  // of rank 0
  /// Inside an op, whose name and place are in the errors.
  static Tensor empty(const OpName& op, const Shape& shape, DType dtype);
  static Tensor zeros(const OpName& op, const Shape& shape, DType dtype);
  static Tensor full(const OpName& op, const Shape& shape, Scalar value, DType dtype);
  /// Values row by row: f32 from float, f64 from double, i64 from integers of any width. Throws when the shape has
  /// another number of elements, and when an integer does not fit.
  template <class T>
  static Tensor from(const std::vector<T>& values, const Shape& shape, Place place = Place::current());
  template <class T>
  static Tensor from(std::initializer_list<T> values, const Shape& shape, Place place = Place::current());
  /// The same, of shape [n].
  template <class T>
  static Tensor from(const std::vector<T>& values);
  template <class T>
  static Tensor from(std::initializer_list<T> values);
  /// 0, 1, ..., n - 1
  static Tensor arange(Integer n, DType dtype = DType::i64);
  /// Uniform on [low, high) and normal, as pure functions of the generator. Both throw when an argument is not finite,
  /// when high < low or std < 0, and when a tensor of i64 cannot hold all results.
  static Tensor uniform(const Shape& shape, Scalar low, Scalar high, const Philox& random, DType dtype = DType::f32,
                        Place place = Place::current());
  static Tensor normal(const Shape& shape, Scalar mean, Scalar std, const Philox& random, DType dtype = DType::f32,
                       Place place = Place::current());

  bool defined() const { return static_cast<bool>(body_); }  // whether this is bound to a tensor
  const Shape& shape() const { return body().shape; }        // extents, outermost first
  Index rank() const { return shape().rank(); }              // number of axes
  /// Extent of an axis; negative axes count from the end. Throws when there is no such axis.
  Index size(Integer axis, Place place = Place::current()) const;
  /// Number of elements.
  Index numel() const { return shape().numel(); }
  /// Type of the elements.
  DType dtype() const { return body().dtype; }

  /// The slice at an index of the leading axis, without that axis: `select(x, 0, index)`, which
  /// implements it (ops/slicing.cpp). Recorded; shares the values.
  Tensor operator[](Integer index) const;

  // Values. These throw when T is not the type of the dtype.
  template <class T>
  const T* data() const;
  /// For writing. A later backward that needs the old values throws. Throws for the result of a recorded op.
  template <class T>
  T* mutable_data(Place place = Place::current());
  /// A copy of the values, row by row.
  template <class T>
  std::vector<T> to_vector() const;
  /// The only element, as double. Throws when there are several or none.
  double item(Place place = Place::current()) const;
  /// The only element, as T; as bool, whether it is not 0. Throws also when an integer T cannot hold it exactly.
  template <class T>
  T item(Place place = Place::current()) const;

  // The graph.

  /// Whether this is a leaf that collects a gradient, or the result of a recorded op.
  bool requires_grad() const;
  /// Whether this is not the result of a recorded op.
  bool is_leaf() const;
  /// Starts or stops the collection of gradients in a floating leaf. Throws for the result of a recorded op.
  Tensor& set_requires_grad(Flag on = true, Place place = Place::current());
  /// The accumulated gradient of a leaf; undefined when there is none.
  Tensor grad() const;
  /// Replaces the gradient; undefined: none. Throws unless this is a leaf that requires one, and the gradient fits.
  void set_grad(const Tensor& g);
  /// Drops the gradient of a leaf.
  void zero_grad();
  /// Accumulates gradients into the leaves under this scalar. See `gradus::backward`.
  void backward(Place place = Place::current()) const;
  void backward(const BackwardOptions& options, Place place = Place::current()) const;
  /// The same values outside the graph.
  Tensor detach() const;

  /// A name for error messages. The name of a parameter is its path.
  Tensor& set_name(std::string name);
  /// The name; empty when there is none.
  const std::string& name() const;
  /// Calls the hook with the complete gradient of this tensor in every backward run. A defined return value replaces
  /// the gradient. Throws when the tensor requires no gradient, and for an empty function.
  void register_hook(std::function<Tensor(const Tensor&)> hook, Place place = Place::current());

  /// A view of the same bytes, `offset` elements further on. Not recorded: for ops that move no values. Throws when the
  /// view would pass the end of the bytes.
  Tensor alias(const Shape& shape, Index offset = 0) const;
  /// Copies the values into the bytes of `home` and uses these from then on, in every copy of the handle. Gathers
  /// parameters in flat blocks. Counts as a write to `home`: a later backward that needs its old values throws. Throws
  /// when shape or dtype differ, and when `home` is the result of a recorded op.
  void move_into(Tensor home, Place place = Place::current());
  /// Whether this is the only handle and the only user of the bytes, so that a write changes no other tensor.
  bool exclusively_owned() const;
  /// Whether a write to one of the two changes a value of the other.
  bool overlaps(const Tensor& other) const;

  // For the engine.
  /// A view of the bytes, `offset` elements from their start. Throws when it would pass their end.
  static Tensor of_storage(const Ref<Storage>& storage, Index offset, const Shape& shape, DType dtype);
  /// The node in the graph; null when no gradient is required.
  Node* node() const { return body().node.get(); }
  /// The same values with this node.
  Tensor with_node(Ref<Node> node) const;
  /// The bytes, and the position of the first value in them, in elements.
  const Ref<Storage>& storage() const { return body().storage; }
  Index offset() const { return body().offset; }

 private:
  explicit Tensor(Ref<TensorBody> body) : body_(std::move(body)) {}
  const TensorBody& body() const {
    if (!body_) refuse_undefined();
    return *body_;
  }
  const void* raw(DType t) const {
    const TensorBody& b = body();
    if (b.dtype != t) refuse_dtype(t);
    return static_cast<const char*>(b.storage->data()) + b.offset * size_of(t);
  }
  static Tensor make(const char* op, const Shape& shape, DType dtype, const Place& place);
  Index integer_item(const Place& place) const;
  [[noreturn]] void refuse_item(const Place& place) const;
  static Tensor of_values(const void* values, std::size_t count, const Shape& shape, DType dtype, const Place& place);
  [[noreturn]] static void refuse_undefined();
  [[noreturn]] void refuse_dtype(DType asked) const;
  void* raw_mutable(DType t, const Place& place);

  Ref<TensorBody> body_;
};

/// "f32 [2, 3]", with the name in front when it has one.
std::string describe(const Tensor& t);
/// The values in nested brackets, with long axes shortened. For messages and output.
std::string to_string(const Tensor& t);
/// Writes to_string.
std::ostream& operator<<(std::ostream& out, const Tensor& t);

template <class T>
const T* Tensor::data() const {
  return static_cast<const T*>(raw(dtype_of<T>()));
}
template <class T>
T* Tensor::mutable_data(Place place) {
  return static_cast<T*>(raw_mutable(dtype_of<T>(), place));
}
template <class T>
std::vector<T> Tensor::to_vector() const {
  const T* p = data<T>();
  return std::vector<T>(p, p + numel());
}

template <class T>
T Tensor::item(Place place) const {
  static_assert(std::is_arithmetic_v<T>, "Tensor::item takes the type of a number, such as float or int");
  if constexpr (std::same_as<T, bool>) {
    return item(place) != 0;
  } else if constexpr (std::floating_point<T>) {
    return static_cast<T>(item(place));
  } else {
    const Index value = integer_item(place);
    if (!std::in_range<T>(value)) refuse_item(place);
    return static_cast<T>(value);
  }
}

template <class T>
Tensor Tensor::from(const std::vector<T>& values, const Shape& shape, Place place) {
  static_assert(
      detail::PlainInteger<T> || std::same_as<T, float> || std::same_as<T, double>,
      "Tensor::from takes float (f32), double (f64) or integers (i64); write the values of a mask as 1 and 0");
  if constexpr (std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, Index>) {
    return of_values(values.data(), values.size(), shape, dtype_of<T>(), place);
  } else {
    std::vector<Index> integers;
    for (const T value : values) integers.push_back(Integer(value, place));
    return of_values(integers.data(), integers.size(), shape, DType::i64, place);
  }
}
template <class T>
Tensor Tensor::from(std::initializer_list<T> values, const Shape& shape, Place place) {
  return from(std::vector<T>(values), shape, place);
}
template <class T>
Tensor Tensor::from(const std::vector<T>& values) {
  return from(values, Shape{values.size()});
}
template <class T>
Tensor Tensor::from(std::initializer_list<T> values) {
  return from(std::vector<T>(values));
}

}  // namespace gradus
