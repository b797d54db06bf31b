#pragma once

#include <gradus/autograd/foundation/memory.h>
#include <gradus/autograd/foundation/sizes.h>

namespace gradus {

/// An uninitialised buffer of n numbers from memory::allocate, with its padding past the end.
template <class T>
class Scratch {
 public:
  explicit Scratch(Index n) : bytes_(static_cast<std::size_t>(mul_sat(n, sizeof(T)))) {
    data_ = static_cast<T*>(memory::allocate(bytes_));
  }
  ~Scratch() { memory::release(data_, bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  T* data() const { return data_; }
  T& operator[](Index i) const { return data_[i]; }

 private:
  std::size_t bytes_;
  T* data_;
};

}  // namespace gradus
