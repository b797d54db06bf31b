#pragma once

#include <atomic>
#include <utility>

namespace gradus {

/// A counted reference to a T that has `void retain()` and `void release()`.
template <class T>
class Ref {
 public:
  Ref() = default;
  /// Counts one more reference to p, which may be null.
  explicit Ref(T* p) : p_(p) {
    if (p_) p_->retain();
  }
  /// Adopts a reference that is already counted.
  static Ref adopt(T* p) {
    Ref r;
    r.p_ = p;
    return r;
  }
  /// A copy counts one more reference; a move empties the other Ref.
  Ref(const Ref& o) : Ref(o.p_) {}
  Ref(Ref&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Ref& operator=(Ref o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  /// Releases the reference.
  ~Ref() {
    if (p_) p_->release();
  }

  T* get() const { return p_; }                                                // null: refers to nothing
  T* operator->() const { return p_; }                                         // not checked
  T& operator*() const { return *p_; }                                         // not checked
  explicit operator bool() const { return p_ != nullptr; }                     // whether this refers to anything
  friend bool operator==(const Ref& a, const Ref& b) { return a.p_ == b.p_; }  // whether both refer to one object

 private:
  T* p_ = nullptr;
};

}  // namespace gradus
