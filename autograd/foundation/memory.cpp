#include <gradus/autograd/foundation/memory.h>

#include <malloc.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/internal/heap.h>
#include <gradus/autograd/foundation/internal/instructions.h>
#include <gradus/autograd/foundation/internal/sanitizers.h>

namespace gradus::memory {

namespace {

// Every program links this source, and so the check before main too.
[[gnu::used]] void (*const check)() = instructions::check_processor;

// With AddressSanitizer every block comes from the system in its exact size, so that overruns are found.
#if defined(GRADUS_ADDRESS_SANITIZER)
constexpr bool pooled = false;
#else
constexpr bool pooled = true;
#endif
constexpr std::size_t slack = 128;                   // 16 doubles: a whole group of lanes
constexpr std::size_t large = std::size_t{1} << 18;  // threads keep only blocks below this size
constexpr std::size_t most = std::size_t{1} << 46;   // half of what a process can address
constexpr std::ptrdiff_t most_uncounted = 1 << 16;   // bytes that a thread counts before other threads see them

std::size_t round_up(std::size_t bytes) { return (std::max(bytes, std::size_t{1}) + 63) / 64 * 64; }

// Four classes per doubling, in multiples of 64 bytes: 64, 128, 192, 256, 320, ..., 512, 640, ...
struct Class {
  std::size_t index, bytes;
};
// The bytes of class `index`.
std::size_t bytes_of(std::size_t index) {
  if (index < 4) return 64 * (index + 1);
  return ((index % 4 + 5) << (index / 4 - 1)) * 64;
}
Class class_of(std::size_t bytes) {
  const std::size_t units = round_up(bytes) / 64;
  std::size_t index = units - 1;
  if (units > 4) {
    const int shift = std::bit_width(units - 1) - 3;  // 4 * 2^shift < units <= 8 * 2^shift
    index = static_cast<std::size_t>(4 * shift) + ((units - 1) >> shift);
  }
  return {index, bytes_of(index)};
}
constexpr std::size_t classes = 4 + 4 * 11;  // up to `large`

struct Shared {
  std::mutex mutex;
  Heap heap;
  std::atomic<std::size_t> in_use{0}, peak{0}, threads{0};

  // The peak, if a thread has `uncounted` bytes beside those in use.
  void observe(std::ptrdiff_t uncounted) {
    const std::size_t now = in_use.load(std::memory_order_relaxed) + static_cast<std::size_t>(uncounted);
    std::size_t before = peak.load(std::memory_order_relaxed);
    while (static_cast<std::ptrdiff_t>(now - before) > 0 &&
           !peak.compare_exchange_weak(before, now, std::memory_order_relaxed)) {
    }
  }
};
Shared& shared() {
  static Shared* s = new Shared;  // outlives every thread
  return *s;
}

// The free blocks that a thread keeps, by class, and the bytes that it has counted.
class Local {
 public:
  Local() { ++shared().threads; }
  ~Local() {
    alive_ = false;
    shrink(0);
    --shared().threads;
    flush();
  }

  void* pop(std::size_t c, std::size_t bytes) {
    Link* block = heads_[c];
    if (!block) return nullptr;
    heads_[c] = block->next;
    kept_ -= bytes;
    return block;
  }
  // False when the thread has ended.
  bool push(std::size_t c, std::size_t bytes, void* block) {
    if (!alive_) return false;
    heads_[c] = new (block) Link{heads_[c]};
    kept_ += bytes;
    if (kept_ > limit_) shrink(limit_ / 2);
    return true;
  }
  // Gives the largest blocks to the heap, which may join them, until the thread keeps at most `rest` bytes.
  void shrink(std::size_t rest) {
    Shared& all = shared();
    const std::lock_guard lock(all.mutex);
    for (std::size_t c = classes; c-- > 0 && kept_ > rest;) {
      while (heads_[c] && kept_ > rest) {
        all.heap.give_back(std::exchange(heads_[c], heads_[c]->next));
        kept_ -= bytes_of(c);
      }
    }
    limit_ =
        (least_kept + all.peak.load(std::memory_order_relaxed) / 32) / std::max(all.threads.load(), std::size_t{1});
  }

  void count(std::ptrdiff_t bytes) {
    counted_ += bytes;
    net_ += bytes;
    if (bytes > 0) {
      allocated_ += bytes;
      shared().observe(counted_);
    }
    if (counted_ >= most_uncounted || counted_ <= -most_uncounted || !alive_) flush();
  }
  Bytes bytes() const { return {static_cast<std::size_t>(allocated_), static_cast<std::size_t>(allocated_ - net_)}; }
  void flush() {
    shared().in_use.fetch_add(static_cast<std::size_t>(std::exchange(counted_, 0)), std::memory_order_relaxed);
  }

 private:
  struct Link {
    Link* next;
  };
  static constexpr std::size_t least_kept = std::size_t{1} << 21;  // free bytes that all threads may keep together
  std::array<Link*, classes> heads_{};
  std::size_t kept_ = 0, limit_ = least_kept / 4;
  std::ptrdiff_t counted_ = 0;
  std::ptrdiff_t allocated_ = 0, net_ = 0;  // since the thread started
  bool alive_ = true;
};
thread_local Local local;

void* from_heap(std::size_t bytes) {
  if (!pooled) return std::aligned_alloc(64, bytes + slack);
  Shared& all = shared();
  const std::lock_guard lock(all.mutex);
  return all.heap.take(bytes + slack);
}

void to_heap(void* block) noexcept {
  if (!pooled) {
    std::free(block);
    return;
  }
  const std::lock_guard lock(shared().mutex);
  shared().heap.give_back(block);
}

}  // namespace

void* allocate(std::size_t bytes) {
  if (bytes > most) throw OutOfMemory("an allocation", bytes);
  const std::size_t whole = round_up(bytes);
  std::size_t taken = whole;
  void* p = nullptr;
  if (pooled && whole < large) {
    const Class c = class_of(whole);
    taken = c.bytes;
    p = local.pop(c.index, c.bytes);
  }
  if (!p) p = from_heap(taken);
  if (!p) {
    trim();
    p = from_heap(taken);
  }
  if (!p) throw OutOfMemory("an allocation", bytes);
  local.count(static_cast<std::ptrdiff_t>(whole));
  return p;
}

void release(void* block, std::size_t bytes) noexcept {
  const std::size_t whole = round_up(bytes);
  local.count(-static_cast<std::ptrdiff_t>(whole));
  if (pooled && whole < large) {
    const Class c = class_of(whole);
    if (local.push(c.index, c.bytes, block)) return;
  }
  to_heap(block);
}

void trim() {
  local.shrink(0);
  {
    const std::lock_guard lock(shared().mutex);
    shared().heap.trim();
  }
  malloc_trim(0);
}

std::size_t in_use() {
  local.flush();
  // Below 0 while the release of a block is counted before its allocation by another thread.
  const auto bytes = static_cast<std::ptrdiff_t>(shared().in_use.load(std::memory_order_relaxed));
  return static_cast<std::size_t>(std::max(bytes, std::ptrdiff_t{0}));
}
std::size_t peak() { return shared().peak.load(std::memory_order_relaxed); }
Bytes of_thread() { return local.bytes(); }
void reset_peak() { shared().peak.store(in_use(), std::memory_order_relaxed); }

}  // namespace gradus::memory
