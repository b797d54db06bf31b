#pragma once

#include <concepts>
#include <utility>

#include <gradus/autograd/foundation/place.h>
#include <gradus/autograd/foundation/types.h>

// Types of flags and numbers in calls. A flag never converts to a number, nor a number to a flag, so that `true` in the
// place of an axis or a count does not compile.
namespace gradus {

namespace detail {
template <class T>
concept PlainNumber = PlainInteger<T> || std::floating_point<T>;
}  // namespace detail

/// A bool.
class Flag {
 public:
  /// From a bool alone; a number or a pointer does not convert.
  template <std::same_as<bool> B>
  constexpr Flag(B on) : on_(on) {}
  /// Whether the flag is on.
  constexpr operator bool() const { return on_; }

 private:
  bool on_;
};

/// An integer of any width, as Index, with the caller's place. Throws when it does not fit.
class Integer {
 public:
  /// From an integer of any width. A bool does not convert.
  template <detail::PlainInteger I>
  constexpr Integer(I value, Place place = Place::current()) : value_(static_cast<Index>(value)), place_(place) {
    if (!std::in_range<Index>(value)) throw Error("an integer argument is above 2^63 - 1", place);
  }
  /// The number.
  constexpr operator Index() const { return value_; }
  constexpr Index value() const { return value_; }
  /// The place where the integer was given.
  constexpr const Place& place() const { return place_; }

 private:
  Index value_;
  Place place_;
};

constexpr Shape::Extent::Extent(const Integer& extent) : value(extent) {}

/// An integer or floating-point number, as double. An integer that Index holds is kept exactly.
class Scalar {
 public:
  /// From any number; a bool does not convert.
  template <detail::PlainNumber N>
  constexpr Scalar(N value) : value_(static_cast<double>(value)) {
    if constexpr (std::integral<N>) {
      if (std::in_range<Index>(value)) {
        integer_ = static_cast<Index>(value);
        is_integer_ = true;
      }
    }
  }
  /// The number, rounded to double if it is an integer above 2^53.
  constexpr operator double() const { return value(); }
  constexpr double value() const { return is_integer_ ? static_cast<double>(integer_) : value_; }
  /// Whether an integer was given, and not a floating-point number.
  constexpr bool is_integer() const { return is_integer_; }
  /// The integer; only if is_integer().
  constexpr Index integer() const { return integer_; }

 private:
  union {
    double value_;
    Index integer_;
  };
  bool is_integer_ = false;
};

}  // namespace gradus
