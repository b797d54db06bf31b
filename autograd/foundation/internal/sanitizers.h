#pragma once

#include <cstddef>

// Annotations for sanitizers, which do not check libraries compiled without them. Empty in other builds.

#if defined(__SANITIZE_ADDRESS__)  // GCC
#define GRADUS_ADDRESS_SANITIZER 1
#elif defined(__SANITIZE_THREAD__)
#define GRADUS_THREAD_SANITIZER 1
#elif defined(__has_feature)  // Clang
#if __has_feature(address_sanitizer)
#define GRADUS_ADDRESS_SANITIZER 1
#elif __has_feature(thread_sanitizer)
#define GRADUS_THREAD_SANITIZER 1
#endif
#endif

#if defined(GRADUS_ADDRESS_SANITIZER)
extern "C" void* __asan_region_is_poisoned(void* begin, std::size_t bytes);
#elif defined(GRADUS_THREAD_SANITIZER)
extern "C" {
void __tsan_acquire(void* moment);
void __tsan_release(void* moment);
void __tsan_read_range(void* begin, std::size_t bytes);
void __tsan_write_range(void* begin, std::size_t bytes);
}
#endif

namespace gradus::sanitizers {

#if defined(GRADUS_ADDRESS_SANITIZER) || defined(GRADUS_THREAD_SANITIZER)
inline constexpr bool watching = true;
#else
inline constexpr bool watching = false;
#endif

/// Call before a library reads, or writes, these bytes.
template <class T>
void reads(const T* begin, std::ptrdiff_t count) {
  [[maybe_unused]] void* at = const_cast<T*>(begin);
  [[maybe_unused]] const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
#if defined(GRADUS_ADDRESS_SANITIZER)
  if (void* bad = __asan_region_is_poisoned(at, bytes)) static_cast<void>(*static_cast<volatile char*>(bad));
#elif defined(GRADUS_THREAD_SANITIZER)
  __tsan_read_range(at, bytes);
#endif
}
template <class T>
void writes(T* begin, std::ptrdiff_t count) {
#if defined(GRADUS_THREAD_SANITIZER)
  __tsan_write_range(begin, static_cast<std::size_t>(count) * sizeof(T));
#else
  reads(begin, count);
#endif
}

/// A library orders all work before happens(m) before all work after comes_after(m), on any thread.
inline void happens([[maybe_unused]] void* moment) {
#if defined(GRADUS_THREAD_SANITIZER)
  __tsan_release(moment);
#endif
}
inline void comes_after([[maybe_unused]] void* moment) {
#if defined(GRADUS_THREAD_SANITIZER)
  __tsan_acquire(moment);
#endif
}

}  // namespace gradus::sanitizers
