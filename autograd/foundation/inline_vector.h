#pragma once

#include <array>
#include <concepts>
#include <utility>
#include <vector>

#include <gradus/autograd/foundation/types.h>

namespace gradus {

/// A sequence whose first N elements need no allocation. T is default-constructible and movable.
template <class T, Index N>
class InlineVector {
 public:
  InlineVector() = default;
  /// From its elements, in order.
  template <class... Items>
  requires(sizeof...(Items) > 0 && sizeof...(Items) <= N && (std::convertible_to<Items, T> && ...))
      InlineVector(Items&&... items)
      : first_{T(std::forward<Items>(items))...}, size_(sizeof...(Items)) {}
  template <class... Items>
  requires(sizeof...(Items) > N && (std::convertible_to<Items, T> && ...)) InlineVector(Items&&... items) {
    (push_back(T(std::forward<Items>(items))), ...);
  }

  Index size() const { return size_; }       // number of elements
  bool empty() const { return size_ == 0; }  // whether there is none
  /// Adds an element at the end.
  void push_back(T item) {
    if (size_ < N)
      first_[static_cast<std::size_t>(size_)] = std::move(item);
    else
      rest_.push_back(std::move(item));
    ++size_;
  }
  /// Element i; not checked.
  T& operator[](Index i) {
    return i < N ? first_[static_cast<std::size_t>(i)] : rest_[static_cast<std::size_t>(i - N)];
  }
  /// Element i; not checked.
  const T& operator[](Index i) const {
    return i < N ? first_[static_cast<std::size_t>(i)] : rest_[static_cast<std::size_t>(i - N)];
  }
  /// Removes all elements.
  void clear() {
    for (Index i = 0; i < size_ && i < N; ++i) first_[static_cast<std::size_t>(i)] = T{};
    rest_.clear();
    size_ = 0;
  }

 private:
  std::array<T, static_cast<std::size_t>(N)> first_{};
  std::vector<T> rest_;
  Index size_ = 0;
};

}  // namespace gradus
