#include <gradus/autograd/foundation/internal/heap.h>

#include <sys/mman.h>
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

namespace gradus::memory {

// The header in front of each block. `bytes` does not include it.
struct alignas(Heap::granule) Heap::Block {
  std::size_t bytes;
  Block* before;  // in memory; null for the first of a chunk
  bool free;
  Block *next, *previous;  // in the list of free blocks

  void* body() { return this + 1; }
  Block* after() { return reinterpret_cast<Block*>(static_cast<char*>(body()) + bytes); }
};

// The header of memory from the system. The blocks follow it; the last one has no bytes and is in use.
struct alignas(Heap::granule) Heap::Chunk {
  Chunk* next;
  std::size_t bytes;

  Block* first() { return reinterpret_cast<Block*>(this + 1); }
};

namespace {

constexpr std::size_t page = std::size_t{1} << 12, huge_page = std::size_t{1} << 21;
constexpr std::size_t least_chunk = std::size_t{1} << 20;
constexpr int most_tried = 32;  // blocks of a list per request

std::size_t round_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

// The list of blocks of `bytes`.
struct List {
  int doubling, step;
};
List list_of(std::size_t bytes) {
  const int doubling = std::bit_width(bytes) - 1;
  return {doubling, static_cast<int>((bytes >> (doubling - 3)) & 7)};
}

// The alignment of a chunk, of which its size is a multiple. Large chunks request huge pages: 100 MB are 25,000 pages
// of 4 KiB.
std::size_t alignment_of(std::size_t bytes) { return bytes >= 2 * huge_page ? huge_page : page; }
std::size_t chunk_size(std::size_t bytes) { return round_up(bytes, alignment_of(bytes)); }

void* from_system(std::size_t bytes) {
  const bool huge = alignment_of(bytes) == huge_page;
  void* p = std::aligned_alloc(alignment_of(bytes), bytes);
#ifdef MADV_HUGEPAGE
  if (p && huge) madvise(p, bytes, MADV_HUGEPAGE);  // failure is harmless
#endif
  return p;
}

}  // namespace

void* Heap::take(std::size_t bytes) {
  Block* block = fitting(bytes);
  if (block) {
    remove(block);
  } else {
    block = grow(bytes);
    if (!block) return nullptr;
  }
  if (block->bytes >= bytes + sizeof(Block) + granule) {
    Block* rest = new (static_cast<char*>(block->body()) + bytes)
        Block{block->bytes - bytes - sizeof(Block), block, true, nullptr, nullptr};
    rest->after()->before = rest;
    block->bytes = bytes;
    insert(rest);
  }
  block->free = false;
  return block->body();
}

void Heap::give_back(void* body) noexcept {
  Block* block = static_cast<Block*>(body) - 1;
  const auto absorb = [](Block* into, Block* next) {
    into->bytes += sizeof(Block) + next->bytes;
    into->after()->before = into;
  };
  if (Block* next = block->after(); next->free) {
    remove(next);
    absorb(block, next);
  }
  if (Block* before = block->before; before && before->free) {
    remove(before);
    absorb(before, block);
    block = before;
  }
  insert(block);
}

// The shortest of the first fitting blocks in the list of `bytes`, or else one of the next list. Null when there is
// none.
Heap::Block* Heap::fitting(std::size_t bytes) {
  const auto [doubling, step] = list_of(bytes);
  const auto d = static_cast<std::size_t>(doubling);
  Block* best = nullptr;
  int left = most_tried;
  for (Block* b = free_[d][static_cast<std::size_t>(step)]; b && left > 0; b = b->next, --left)
    if (b->bytes >= bytes && (!best || b->bytes < best->bytes)) best = b;
  if (best) return best;
  if (const unsigned longer = steps_used_[d] & (0xfeu << step); longer != 0)
    return free_[d][static_cast<std::size_t>(std::countr_zero(longer))];
  const std::uint64_t longer = doublings_used_ & (~std::uint64_t{1} << doubling);
  if (longer == 0) return nullptr;
  const auto next = static_cast<std::size_t>(std::countr_zero(longer));
  return free_[next][static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(steps_used_[next])))];
}

// A block that is a whole new chunk. Chunks grow with the heap, so they stay few and blocks of many sizes share each.
// The unused end of a chunk takes no memory.
Heap::Block* Heap::grow(std::size_t bytes) {
  const std::size_t headers = sizeof(Chunk) + 2 * sizeof(Block), least = chunk_size(bytes + headers);
  std::size_t size = chunk_size(std::max({least, least_chunk, total_ / 2}));
  void* memory = from_system(size);
  if (!memory && size > least) {
    size = least;
    memory = from_system(size);
  }
  if (!memory) return nullptr;
  total_ += size;
  chunks_ = new (memory) Chunk{chunks_, size};
  Block* block = new (chunks_->first()) Block{size - headers, nullptr, true, nullptr, nullptr};
  new (block->after()) Block{0, block, false, nullptr, nullptr};
  return block;
}

void Heap::insert(Block* block) noexcept {
  const auto [doubling, step] = list_of(block->bytes);
  Block*& head = free_[static_cast<std::size_t>(doubling)][static_cast<std::size_t>(step)];
  block->free = true;
  block->previous = nullptr;
  block->next = head;
  if (head) head->previous = block;
  head = block;
  steps_used_[static_cast<std::size_t>(doubling)] |= static_cast<std::uint8_t>(1 << step);
  doublings_used_ |= std::uint64_t{1} << doubling;
}

void Heap::remove(Block* block) noexcept {
  if (block->next) block->next->previous = block->previous;
  if (block->previous) {
    block->previous->next = block->next;
    return;
  }
  const auto [doubling, step] = list_of(block->bytes);
  const auto d = static_cast<std::size_t>(doubling);
  free_[d][static_cast<std::size_t>(step)] = block->next;
  if (block->next) return;
  steps_used_[d] &= static_cast<std::uint8_t>(~(1 << step));
  if (steps_used_[d] == 0) doublings_used_ &= ~(std::uint64_t{1} << doubling);
}

void Heap::trim() noexcept {
  for (Chunk** link = &chunks_; *link;) {
    Chunk* chunk = *link;
    Block* first = chunk->first();
    if (!first->free || first->after()->bytes != 0) {
      link = &chunk->next;
      continue;
    }
    remove(first);
    *link = chunk->next;
    total_ -= chunk->bytes;
    std::free(chunk);
  }
}

}  // namespace gradus::memory
