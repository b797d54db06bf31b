#pragma once

namespace gradus {

/// Restores a value at the end of its scope, also after an exception.
template <class T>
class Restore {
 public:
  explicit Restore(T& value) : value_(value), before_(value) {}
  ~Restore() { value_ = before_; }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  T& value_;
  const T before_;
};

}  // namespace gradus
