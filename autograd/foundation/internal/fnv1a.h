#pragma once

#include <cstdint>
#include <string_view>

namespace gradus {

/// The hash FNV-1a of 64 bits. For bytes it is the published one; a larger word is one step.
class Fnv1a {
 public:
  void take(std::uint64_t word) { value_ = (value_ ^ word) * 0x100000001b3; }
  void take(std::string_view bytes) {
    for (const char c : bytes) take(static_cast<unsigned char>(c));
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

inline std::uint64_t fnv1a(std::string_view bytes) {
  Fnv1a hash;
  hash.take(bytes);
  return hash.value();
}

}  // namespace gradus
