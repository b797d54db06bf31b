#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <iterator>
#include <string>
#include <utility>

#include <gradus/autograd/foundation/error.h>

namespace gradus {

/// Extents, axes, positions and counts; the C++ type of DType::i64.
using Index = std::int64_t;

/// The type of a tensor's elements: float, double or Index.
enum class DType : std::uint8_t { f32, f64, i64 };

constexpr Index size_of(DType t) { return t == DType::f32 ? 4 : 8; }  // bytes of an element
constexpr bool is_floating(DType t) { return t != DType::i64; }       // not i64
const char* name(DType t);                                            // "f32", "f64" or "i64"
/// Writes the name.
std::ostream& operator<<(std::ostream& out, DType t);

/// The dtype of the C++ type T: float, double or Index.
template <class T>
constexpr DType dtype_of();
/// f32
template <>
constexpr DType dtype_of<float>() {
  return DType::f32;
}
/// f64
template <>
constexpr DType dtype_of<double>() {
  return DType::f64;
}
/// i64
template <>
constexpr DType dtype_of<Index>() {
  return DType::i64;
}

/// Calls f with a zero of t's C++ type (0.0f, 0.0 or Index 0) and returns its result.
template <class F>
decltype(auto) dispatch(DType t, F&& f) {
  switch (t) {
    case DType::f32:
      return f(float{});
    case DType::f64:
      return f(double{});
    default:
      return f(Index{});
  }
}

/// dispatch for f32 and f64; t must be one of them.
template <class F>
decltype(auto) dispatch_floating(DType t, F&& f) {
  return t == DType::f32 ? f(float{}) : f(double{});
}

namespace detail {
template <class T>
concept PlainInteger = std::integral<T> && !std::same_as<T, bool>;
}  // namespace detail

class Integer;

/// The extents of a tensor, outermost first, without allocation; at most `max_rank`.
class Shape {
 public:
  static constexpr Index max_rank = 8;  // largest number of axes

  /// An integer of any width in the braces of a shape; a bool does not convert. Throws when it does not fit.
  struct Extent {
    Index value;  // the extent, which may be negative
    template <detail::PlainInteger I>
    constexpr Extent(I extent) : value(static_cast<Index>(extent)) {
      if (!std::in_range<Index>(extent)) throw Error("an extent of a shape is above 2^63 - 1");
    }
    constexpr Extent(const Integer& extent);  // in scalars.h
  };

  Shape() = default;
  /// From extents. Throws Error when there are more than `max_rank`.
  Shape(std::initializer_list<Extent> extents) {
    for (const Extent& e : extents) push_back(e.value);
  }
  template <std::input_iterator It>
  Shape(It first, It last) {
    for (; first != last; ++first) push_back(*first);
  }

  /// The largest number of elements. Extents of 0 count as 1 here, so the product of any of a tensor's extents fits,
  /// and so does its number of bytes.
  static constexpr Index max_numel = Index{1} << 59;

  Index rank() const { return rank_; }  // number of axes
  /// Product of the extents; 1 for rank 0. Throws Error unless the shape is possible.
  Index numel() const {
    const Index n = count();
    if (n < 0) refuse();
    return n;
  }
  /// Whether a tensor can have the shape: no extent is negative, and at most `max_numel` elements.
  bool possible() const { return count() >= 0; }
  /// numel(), or -1 if the shape is not possible.
  Index count() const {
    Index n = 1;
    return multiply(n) ? n : -1;
  }
  /// The extent of an axis; negative axes count from the end. Not checked.
  Index operator[](Index axis) const { return extents_[static_cast<std::size_t>(axis < 0 ? axis + rank_ : axis)]; }
  Index& operator[](Index axis) { return extents_[static_cast<std::size_t>(axis < 0 ? axis + rank_ : axis)]; }
  /// The last extent. Not checked.
  Index back() const { return (*this)[-1]; }

  /// Iterate over the extents.
  const Index* begin() const { return extents_.data(); }
  const Index* end() const { return extents_.data() + rank_; }
  Index* begin() { return extents_.data(); }
  Index* end() { return extents_.data() + rank_; }

  /// Throws Error when the rank would exceed `max_rank`.
  void push_back(Index extent);
  /// Inserts an extent before an axis in [0, rank]. Throws Error for another axis, and when the rank would exceed
  /// `max_rank`.
  void insert(Index axis, Index extent);
  /// Removes an axis. Not checked.
  void erase(Index axis);

  /// Whether rank and extents are equal.
  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (Index i = 0; i < a.rank_; ++i)
      if (a[i] != b[i]) return false;
    return true;
  }

 private:
  // Multiplies n, which is 1, by the extents. Returns whether the shape is possible.
  bool multiply(Index& n) const {
    bool fits = true, none = false;
    for (const Index e : *this) {
      none |= e == 0;
      fits &= e >= 0 && !__builtin_mul_overflow(n, e == 0 ? 1 : e, &n);
    }
    fits &= n <= max_numel;
    if (none) n = 0;
    return fits;
  }
  [[noreturn]] void refuse() const;

  std::array<Index, max_rank> extents_{};
  Index rank_ = 0;
};

/// "[2, 3]"
std::string to_string(const Shape& s);
std::ostream& operator<<(std::ostream& out, const Shape& s);
/// Why no tensor can have this shape, which is not possible. For messages.
std::string why_impossible(const Shape& s);

}  // namespace gradus
