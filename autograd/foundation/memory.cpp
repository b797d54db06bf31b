#include <gradus/autograd/foundation/memory.h>

#include <malloc.h>
#include <sys/mman.h>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/internal/sanitizers.h>

// With AddressSanitizer every block comes from the system in its exact size, so that overruns are found.
#if defined(GRADUS_ADDRESS_SANITIZER)
#define GRADUS_POOL 0
#else
#define GRADUS_POOL 1
#endif

namespace gradus::memory {

namespace {

constexpr std::size_t slack = 128;                       // 16 doubles: a whole group of lanes
constexpr std::size_t large = std::size_t{1} << 18;      // blocks of at least this size are shared by all threads
constexpr std::size_t most_kept = std::size_t{1} << 22;  // bytes per class that a thread keeps
constexpr int doublings = 40;
constexpr int classes = 4 * doublings + 1;
constexpr std::size_t most = std::size_t{64}
                             << doublings;  // bytes of the last class: half of what a process can address

std::atomic<std::size_t> bytes_in_use{0}, bytes_peak{0};

// Four classes per doubling, from 64 bytes: 64, 80, 96, 112, 128, 160, ...; class_bytes rounds them up to 64.
int class_of(std::size_t bytes) {
  const std::size_t n = bytes < 64 ? 64 : bytes;
  const int log = std::bit_width(n - 1) - 1;  // 2^log < n <= 2^(log+1), except n = 64
  if (n == 64) return 0;
  const std::size_t base = std::size_t{1} << log, step = base / 4;
  return (log - 6) * 4 + static_cast<int>((n - base + step - 1) / step);
}
std::size_t class_bytes(int c) {
  const std::size_t base = std::size_t{64} << (c / 4);
  return (base + base / 4 * static_cast<std::size_t>(c % 4) + 63) / 64 * 64;
}

// Large blocks request huge pages: 100 MB are 25,000 pages of 4 KiB.
void* from_system(std::size_t bytes) {
  constexpr std::size_t huge_page = std::size_t{1} << 21;
  const bool huge = bytes >= 2 * huge_page;
  const std::size_t alignment = huge ? huge_page : 64, whole = (bytes + slack + alignment - 1) / alignment * alignment;
  void* p = std::aligned_alloc(alignment, whole);
  if (!p) {
    trim();
    p = std::aligned_alloc(alignment, whole);
  }
  if (!p) throw OutOfMemory("an allocation", bytes);
#ifdef MADV_HUGEPAGE
  if (huge) madvise(p, bytes, MADV_HUGEPAGE);  // failure is harmless
#endif
  return p;
}

struct FreeLists {
  struct Link {
    Link* next;
  };
  std::array<Link*, classes> heads{};
  std::array<std::size_t, classes> counts{};

  void* pop(int c) {
    Link* l = heads[static_cast<std::size_t>(c)];
    if (l) {
      heads[static_cast<std::size_t>(c)] = l->next;
      --counts[static_cast<std::size_t>(c)];
    }
    return l;
  }
  void push(int c, void* p) {
    auto& head = heads[static_cast<std::size_t>(c)];
    head = new (p) Link{head};
    ++counts[static_cast<std::size_t>(c)];
  }
  bool full(int c, std::size_t size) const { return counts[static_cast<std::size_t>(c)] * size >= most_kept; }
};

struct Shared {
  std::mutex mutex;
  FreeLists lists;
  std::array<std::atomic<bool>, classes> offered{};  // whether a class may have blocks; avoids the lock

  void* pop(int c) {
    if (!offered[static_cast<std::size_t>(c)].load(std::memory_order_relaxed)) return nullptr;
    std::lock_guard lock(mutex);
    void* p = lists.pop(c);
    if (!p) offered[static_cast<std::size_t>(c)].store(false, std::memory_order_relaxed);
    return p;
  }
  void push(int c, void* p) {
    std::lock_guard lock(mutex);
    lists.push(c, p);
    offered[static_cast<std::size_t>(c)].store(true, std::memory_order_relaxed);
  }
};
Shared& shared() {
  static Shared* s = new Shared;  // outlives every thread
  return *s;
}

struct Local {
  FreeLists lists;
  bool alive = true;
  ~Local() {
    alive = false;
    for (int c = 0; c < classes; ++c)
      while (void* p = lists.pop(c)) shared().push(c, p);
  }
};
thread_local Local local;

void count(std::size_t bytes) {
  const std::size_t now = bytes_in_use.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::size_t peak = bytes_peak.load(std::memory_order_relaxed);
  while (now > peak && !bytes_peak.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
}

}  // namespace

void* allocate(std::size_t bytes) {
  if (bytes > most) throw OutOfMemory("an allocation", bytes);
  const int c = class_of(bytes);
  const std::size_t size = class_bytes(c);
#if GRADUS_POOL
  if (size < large && local.alive) {
    if (void* p = local.lists.pop(c)) return p;
  }
  void* p = shared().pop(c);
  if (!p) p = from_system(size);
  if (size >= large) count(size);
#else
  void* p = from_system((bytes + 63) / 64 * 64);
  count(size);
#endif
  return p;
}

void release(void* block, std::size_t bytes) noexcept {
  const int c = class_of(bytes);
  const std::size_t size = class_bytes(c);
#if GRADUS_POOL
  if (size >= large) bytes_in_use.fetch_sub(size, std::memory_order_relaxed);
  if (size < large && local.alive && !local.lists.full(c, size))
    local.lists.push(c, block);
  else
    shared().push(c, block);
#else
  bytes_in_use.fetch_sub(size, std::memory_order_relaxed);
  std::free(block);
#endif
}

void trim() {
  {
    const std::lock_guard lock(shared().mutex);
    for (int c = 0; c < classes; ++c) {
      for (FreeLists* lists : {&shared().lists, &local.lists})
        while (void* p = lists->pop(c)) std::free(p);
    }
  }
  malloc_trim(0);
}

std::size_t in_use() { return bytes_in_use.load(std::memory_order_relaxed); }
std::size_t peak() { return bytes_peak.load(std::memory_order_relaxed); }
void reset_peak() { bytes_peak.store(in_use(), std::memory_order_relaxed); }

}  // namespace gradus::memory
