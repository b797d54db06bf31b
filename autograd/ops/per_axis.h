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
  template <std::integral I>
  requires(!std::same_as<I, bool>) PerAxis(I all) : defined_(true) { numbers_.fill(Integer(all)); }
  PerAxis(Integer height, Integer width) requires(axes == 2) : numbers_{height, width}, defined_(true) {}

  bool defined() const { return defined_; }
  Index operator[](Index axis) const { return numbers_[static_cast<std::size_t>(axis)]; }

 private:
  std::array<Index, static_cast<std::size_t>(axes)> numbers_{};
  bool defined_ = false;
};

}  // namespace gradus
