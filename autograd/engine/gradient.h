#pragma once

#include <atomic>
#include <span>
#include <string>
#include <vector>

#include <gradus/autograd/engine/op_name.h>
#include <gradus/autograd/engine/tensor.h>
#include <gradus/autograd/foundation/inline_vector.h>
#include <gradus/autograd/foundation/memory.h>

namespace gradus {

/// What a rule returns for one input. One of:
/// - a tensor that broadcasts from the input's shape; the engine sums it back to that shape,
/// - an undefined Gradient: none,
/// - `rows_product(x, dy)`: dyᵀ x, the gradient of a weight. The engine gathers all uses of a weight in one product,
/// - `added(f)`: f(sum) adds the gradient in place to a tensor of the input's shape. A gradient that is mostly zeros
///   needs no memory then. If f's type has a static `add_all(fs, sum)`, it adds the gradients of several uses at once.
/// The last two are not recorded: a rule returns them only while `grad_enabled()` is false.
class Gradient {
 public:
  Gradient() = default;
  /// A tensor that broadcasts from the input's shape; undefined: none.
  Gradient(Tensor value) : value_(std::move(value)) {}
  /// x [..., in], dy [..., out], with equal leading extents; the gradient is [out, in].
  static Gradient rows_product(Tensor x, Tensor dy) {
    Gradient g(std::move(x));
    g.dy_ = std::move(dy);
    return g;
  }
  /// f(sum) adds the gradient in place to a tensor of the input's shape.
  template <class F>
  static Gradient added(F f) {
    Gradient g;
    g.addition_ = Ref<Addition>::adopt(new AdditionOf<F>(std::move(f)));
    return g;
  }

  bool defined() const { return value_.defined() || is_addition(); }    // whether there is a gradient
  bool is_product() const { return dy_.defined(); }                     // made by rows_product
  bool is_addition() const { return static_cast<bool>(addition_); }     // made by added
  bool is_tensor() const { return value_.defined() && !is_product(); }  // made from a tensor

  /// The tensor of a gradient that is one.
  Tensor& tensor() { return value_; }
  const Tensor& tensor() const { return value_; }
  /// Any gradient as a tensor; an addition is added to zeros of this shape and dtype.
  Tensor evaluate(const Shape& shape, DType dtype) const;

  /// Whether the product, of two sides with equal leading extents, has this shape and dtype.
  bool product_fits(const Shape& shape, DType dtype) const;
  /// "of dy f32 [5, 2] and x f32 [5, 4]"
  std::string describe_product() const;
  /// The two sides of a product as matrices: x [rows, in], dy [rows, out].
  Tensor product_x() const;
  Tensor product_dy() const;

  /// The op whose rule returned this addition.
  void set_op(const OpName& op) { addition_->op = op; }
  const OpName& op() const { return addition_->op; }
  /// Adds gradients, all of them additions, to sum in their order. Throws when one replaces the sum.
  static void add_to(Tensor& sum, std::span<const Gradient> additions);

 private:
  struct Addition {
    std::atomic<std::uint32_t> count{1};
    OpName op{"added", Place()};
    virtual ~Addition() = default;
    void retain() { count.fetch_add(1, std::memory_order_relaxed); }
    void release() {
      if (count.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
    static void* operator new(std::size_t bytes) { return memory::allocate(bytes); }
    static void operator delete(void* p, std::size_t bytes) { memory::release(p, bytes); }
    /// Adds the first of the gradients (its own) and those after it that can be added at once. Returns their number.
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

  Tensor value_;  // x of a product
  Tensor dy_;     // of a product
  Ref<Addition> addition_;
};

/// One gradient per input of the op, in order.
using Grads = InlineVector<Gradient, 4>;

/// The inputs of an op that need a gradient in this run. A rule may skip the work for the others. Inputs from `exact`
/// on always count as needed; the engine ignores gradients that are not.
class Needs {
 public:
  static constexpr Index exact = 64;  // number of inputs with a flag of their own
  /// Input i needs a gradient.
  void set(Index i) {
    any_ = true;
    mask_ |= i < exact ? std::uint64_t{1} << i : 0;
  }
  /// Whether input i needs a gradient.
  bool operator[](Index i) const { return i >= exact || (mask_ >> i & 1) != 0; }
  /// Whether any input needs one.
  bool any() const { return any_; }

 private:
  std::uint64_t mask_ = 0;
  bool any_ = false;
};

}  // namespace gradus
