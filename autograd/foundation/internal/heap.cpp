#include <gradus/autograd/foundation/internal/heap.h>

#include <sys/mman.h>
#include <algorithm>
#include <bit>
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

// The header of memory from the system. The blocks follow it. The last one has no bytes and is in use.
struct alignas(Heap::granule) Heap::Chunk {
  Chunk* next;
  std::size_t bytes;
  Block* last;

  Block* first() { return reinterpret_cast<Block*>(this + 1); }
  char* end() { return reinterpret_cast<char*>(this) + bytes; }
};

namespace {

constexpr std::size_t page = std::size_t{1} << 16;  // a multiple of the page of every system
constexpr std::size_t huge_page = std::size_t{1} << 21;
constexpr std::size_t least_growth = std::size_t{1} << 20;
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

char* up_to(void* address, std::size_t unit) {
  return reinterpret_cast<char*>(round_up(reinterpret_cast<std::uintptr_t>(address), unit));
}

// Far from all addresses that the system chooses, so that a chunk has room to grow.
void* const first_chunk = reinterpret_cast<void*>(std::uintptr_t{1} << 44);

// Memory at `wanted` if the addresses are free, or else anywhere. Null when the system refuses.
char* from_system(void* wanted, std::size_t bytes) {
  void* p = mmap(wanted, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? nullptr : static_cast<char*>(p);
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
  if (Block* next = block->after(); next->free) {
    remove(next);
    block->bytes += sizeof(Block) + next->bytes;
    block->after()->before = block;
  }
  insert(joined_with_before(block));
}

// A block and the free one in front of it as one block.
Heap::Block* Heap::joined_with_before(Block* block) noexcept {
  Block* before = block->before;
  if (!before || !before->free) return block;
  remove(before);
  before->bytes += sizeof(Block) + block->bytes;
  before->after()->before = before;
  return before;
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

// A block at the end of the newest chunk, of memory behind it, or else in a new chunk. Each growth is half of the heap,
// so they stay few. Its unused end takes no memory. Large ones request huge pages: 100 MB are 25,000 pages of 4 KiB.
Heap::Block* Heap::grow(std::size_t bytes) {
  const std::size_t least = bytes + sizeof(Chunk) + 2 * sizeof(Block);
  char* const wanted = chunks_ ? chunks_->end() : static_cast<char*>(first_chunk);
  // Ends where a page does, or a huge page if the memory has some.
  const auto whole = [&](std::size_t size) {
    const bool huge = size >= 2 * huge_page;
    return static_cast<std::size_t>(up_to(wanted + size, huge ? huge_page : page) - wanted);
  };
  std::size_t size = whole(std::max({least, least_growth, total_ / 2}));
  char* memory = from_system(wanted, size);
  if (!memory && size > whole(least)) {
    size = whole(least);
    memory = from_system(wanted, size);
  }
  if (!memory) return nullptr;
#ifdef MADV_HUGEPAGE
  if (size >= 2 * huge_page) madvise(memory, size, MADV_HUGEPAGE);  // failure is harmless
#endif
  total_ += size;
  Block* block = nullptr;
  if (chunks_ && memory == wanted) {
    chunks_->bytes += size;
    block = chunks_->last;
  } else {
    chunks_ = new (memory) Chunk{chunks_, size, nullptr};
    block = new (chunks_->first()) Block{0, nullptr, false, nullptr, nullptr};
  }
  chunks_->last = new (chunks_->end() - sizeof(Block)) Block{0, block, false, nullptr, nullptr};
  block->bytes = static_cast<std::size_t>(reinterpret_cast<char*>(chunks_->last) - static_cast<char*>(block->body()));
  return joined_with_before(block);
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
    if (Block* end = chunk->last->before; end && end->free) {
      remove(end);
      end->free = false;
      end->bytes = 0;
      chunk->last = end;
      shorten(chunk, up_to(end->body(), page));
    }
    if (chunk->last == chunk->first()) {
      *link = chunk->next;
      shorten(chunk, reinterpret_cast<char*>(chunk));
    } else {
      link = &chunk->next;
    }
  }
  for (const auto& lists : free_)
    for (Block* block : lists)
      for (; block; block = block->next) {
        char* const begin = up_to(block->body(), page);
        char* const end = reinterpret_cast<char*>(block->after());
        if (end - begin >= static_cast<std::ptrdiff_t>(page))
          madvise(begin, static_cast<std::size_t>(end - begin) / page * page, MADV_DONTNEED);
      }
}

// Returns the memory from `end` on to the system, if the chunk has some.
void Heap::shorten(Chunk* chunk, char* end) noexcept {
  if (end >= chunk->end()) return;
  const auto bytes = static_cast<std::size_t>(chunk->end() - end);
  chunk->bytes -= bytes;
  total_ -= bytes;
  munmap(end, bytes);
}

}  // namespace gradus::memory
