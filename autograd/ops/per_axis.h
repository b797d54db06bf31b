#pragma once

#include <array>
#include <concepts>

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// A number per axis of an image, `{height, width}`, or one number for all axes. Undefined without a number.
template <Index axes>
class PerAxis {
 public:
  PerAxis() = default;
  /// One number for all axes.
  template <std::integral I>
  requires(!std::same_as<I, bool>) PerAxis(I all) : defined_(true) { numbers_.fill(Integer(all)); }
  /// A number per axis of an image.
  PerAxis(Integer height, Integer width) requires(axes == 2) : numbers_{height, width}, defined_(true) {}

  bool defined() const { return defined_; }  // whether there are numbers
  /// The number of an axis: 0 is the first axis of the kernel. 0 when undefined. Not checked.
  Index operator[](Index axis) const { return numbers_[static_cast<std::size_t>(axis)]; }

 private:
  std::array<Index, static_cast<std::size_t>(axes)> numbers_{};
  bool defined_ = false;
};

}  // namespace gradus
