#pragma once

#include <initializer_list>
#include <vector>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/autograd/foundation/scalars.h>

// Types of the parameters of ops, beside Flag, Integer and Scalar (foundation/scalars.h).
namespace gradus {

/// One integer, a list of integers, or none.
class Integers {
 public:
  Integers() = default;
  /// From one integer, or from a list.
  template <detail::PlainInteger I>
  Integers(I one) : list_{Integer(one)}, is_one_(true) {}
  Integers(std::initializer_list<Integer> list) : list_(list.begin(), list.end()) {}
  Integers(const std::vector<Index>& list) : list_(list) {}

  bool empty() const { return list_.empty(); }              // whether there are no integers
  const std::vector<Index>& list() const { return list_; }  // the integers, in their order
  /// Whether one integer was given, and not a list.
  bool is_one() const { return is_one_; }

 private:
  std::vector<Index> list_;
  bool is_one_ = false;
};

/// One axis, several, or none. Negative axes count from the end.
using Axes = Integers;

/// The tensor of an op, with the caller's place. A Tensor converts to one at the call, so that the op itself converts
/// to std::function<Tensor(const Tensor&)>. An op that calls another passes its own place: `relu({x, place})`.
class Argument {
 public:
  /// Refers to the tensor, which must outlive this object.
  Argument(const Tensor& tensor, Place place = Place::current()) : tensor_(tensor), place_(place) {}
  /// The tensor, and the place of the call.
  const Tensor& tensor() const { return tensor_; }
  const Place& place() const { return place_; }

 private:
  const Tensor& tensor_;
  Place place_;
};

/// A tensor or a number, with the caller's place: one side of a binary op. A number has the dtype of the other side.
class Operand {
 public:
  /// From a tensor, which must outlive this object, or from a number.
  Operand(const Tensor& tensor, Place place = Place::current()) : tensor_(&tensor), number_(0), place_(place) {}
  Operand(const Scalar& number, Place place = Place::current()) : number_(number), place_(place) {}
  template <detail::PlainNumber N>
  Operand(N number, Place place = Place::current()) : number_(number), place_(place) {}

  bool is_number() const { return !tensor_; }  // whether this is a number, and not a tensor
  /// Throws when this is a number. A binary op checks both sides for numbers first.
  const Tensor& tensor() const {
    if (!tensor_) refuse_number();
    return *tensor_;
  }
  /// The number; only if is_number().
  const Scalar& number() const { return number_; }
  /// The place of the call.
  const Place& place() const { return place_; }

 private:
  [[noreturn]] void refuse_number() const;

  const Tensor* tensor_ = nullptr;
  Scalar number_;
  Place place_;
};

}  // namespace gradus
