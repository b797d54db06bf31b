#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace gradus::memory {

/// Blocks of any size, cut from one chunk of memory that grows at its end. Where the system has no room behind it,
/// another chunk begins. Free neighbours are joined, so freed bytes serve requests of other sizes. Free blocks are in
/// lists by size, with a bit per list that is not empty, so a request takes constant time (Masmano et al., TLSF, 2004).
/// Not safe for threads.
class Heap {
 public:
  static constexpr std::size_t granule = 64;  // alignment of blocks and unit of their sizes, in bytes

  /// A block of `bytes`, a positive multiple of the granule. Null when the system does not give the bytes.
  void* take(std::size_t bytes);
  void give_back(void* block) noexcept;

  /// Returns to the system the pages of free blocks, and the ends of chunks with their addresses.
  void trim() noexcept;

  /// Bytes of all chunks.
  std::size_t total() const { return total_; }

 private:
  struct Block;
  struct Chunk;
  static constexpr int steps = 8;  // lists per doubling of the size

  Block* fitting(std::size_t bytes);
  Block* grow(std::size_t bytes);
  Block* joined_with_before(Block* block) noexcept;
  void shorten(Chunk* chunk, char* end) noexcept;
  void insert(Block* block) noexcept;
  void remove(Block* block) noexcept;

  std::array<std::array<Block*, steps>, 64> free_{};
  std::array<std::uint8_t, 64> steps_used_{};  // bit i: free_[doubling][i] is not empty
  std::uint64_t doublings_used_ = 0;           // bit i: steps_used_[i] is not 0
  Chunk* chunks_ = nullptr;
  std::size_t total_ = 0;
};

}  // namespace gradus::memory
