#pragma once

#include <cstddef>

namespace gradus::memory {

/// A block aligned to 64 bytes. It is readable and writable up to 128 bytes past `bytes` rounded up to a multiple
/// of 64. Released blocks are kept and reused, so training allocates nothing from the system after its first steps. The
/// releasing thread keeps small ones by size class, up to a limit. All threads share the others, at any size.
/// Throws OutOfMemory when the system does not give the bytes, even after trim().
void* allocate(std::size_t bytes);
void release(void* block, std::size_t bytes) noexcept;

/// Returns to the system the blocks kept by the calling thread and those shared by all threads.
void trim();

/// Bytes in use now, and the largest number since reset_peak(), of all threads. Each thread adds in steps of 64 KiB.
std::size_t in_use();
std::size_t peak();
void reset_peak();

/// Bytes that the calling thread has allocated and released since it started.
struct Bytes {
  std::size_t allocated = 0,  ///< sum of the sizes in calls of allocate
      released = 0;           ///< sum of the sizes in calls of release
};
Bytes of_thread();

}  // namespace gradus::memory
