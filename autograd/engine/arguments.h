#pragma once

#include <concepts>
#include <initializer_list>
#include <utility>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

// Types of the parameters of ops. A flag never converts to a number, nor a number to a flag, so that `true` in the
// place of an axis or a count does not compile.
namespace gradus {

/// A bool.
class Flag {
 public:
  template <std::same_as<bool> B>
  constexpr Flag(B on) : on_(on) {}
  constexpr operator bool() const { return on_; }

 private:
  bool on_;
};

/// An integer of any width, as Index. Throws when it does not fit.
class Integer {
 public:
  template <std::integral I>
  requires(!std::same_as<I, bool>) constexpr Integer(I value) : value_(static_cast<Index>(value)) {
    if (!std::in_range<Index>(value)) throw Error("an integer argument is above 2^63 - 1");
  }
  constexpr operator Index() const { return value_; }

 private:
  Index value_;
};

/// An integer or floating-point number, as double.
class Scalar {
 public:
  template <class N>
  requires((std::integral<N> || std::floating_point<N>)&&!std::same_as<N, bool>) constexpr Scalar(N value)
      : value_(static_cast<double>(value)) {}
  constexpr operator double() const { return value_; }

 private:
  double value_;
};

/// One axis, a list of axes, or none. Negative axes count from the end.
class Axes {
 public:
  Axes() = default;
  template <std::integral I>
  requires(!std::same_as<I, bool>) Axes(I axis) : axes_{Integer(axis)} {}
  Axes(std::initializer_list<Integer> axes) : axes_(axes.begin(), axes.end()) {}
  Axes(const std::vector<Index>& axes) : axes_(axes) {}

  bool empty() const { return axes_.empty(); }
  const std::vector<Index>& list() const { return axes_; }

 private:
  std::vector<Index> axes_;
};

/// The tensor of a unary op, with the caller's place. A Tensor converts to one at the call, so that the op itself
/// converts to std::function<Tensor(const Tensor&)>.
class Argument {
 public:
  Argument(const Tensor& tensor, Place place = Place::current()) : tensor_(tensor), place_(place) {}
  const Tensor& tensor() const { return tensor_; }
  const Place& place() const { return place_; }

 private:
  const Tensor& tensor_;
  Place place_;
};

}  // namespace gradus
