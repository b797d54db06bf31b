#pragma once

#include <cstddef>

namespace gradus::memory {

/// Blocks of memory, aligned to 64 bytes, readable and writable up to 128 bytes past the next multiple of 64 bytes
/// after `bytes`. Freed blocks are kept by size class, on the thread that freed them (small ones, up to a limit) or for
/// all, and handed out again: after the first steps of a training run nothing is asked of the system.
void* allocate(std::size_t bytes);
void release(void* block, std::size_t bytes) noexcept;

/// Gives back to the system what is kept for all, and by the calling thread, and is not in use.
void trim();

/// Bytes in use now and the most that were in use, over all threads; of large blocks (256 KiB and more) only.
std::size_t in_use();
std::size_t peak();
void reset_peak();

}  // namespace gradus::memory
