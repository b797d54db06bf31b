#include <gradus/autograd/foundation/internal/heap.h>

#include <cstring>
#include <thread>
#include <vector>

#include <gradus/autograd/foundation/internal/sanitizers.h>
#include <gradus/autograd/foundation/memory.h>
#include <gradus/autograd/foundation/random.h>

#include "catch.h"
#include "resident.h"

namespace gradus::autograd_heap_test {
namespace {

using memory::Heap;

constexpr std::size_t kib = 1024, mib = 1024 * kib;

std::size_t part_of(std::size_t most, const Philox& random, std::uint64_t i) {
  const auto bytes = static_cast<std::size_t>(random.uniform(i) * static_cast<double>(most));
  return (bytes / Heap::granule + 1) * Heap::granule;
}

}  // namespace

TEST_CASE("a heap joins freed neighbours in any order into one block") {
  for (const std::vector<std::size_t>& order : {std::vector<std::size_t>{0, 1, 2}, {2, 1, 0}, {0, 2, 1}, {1, 0, 2}}) {
    Heap heap;
    void* blocks[] = {heap.take(256 * kib), heap.take(128 * kib), heap.take(512 * kib)};
    const std::size_t total = heap.total();
    for (const std::size_t i : order) heap.give_back(blocks[i]);
    void* whole = heap.take(896 * kib);
    CHECK(heap.total() == total);
    heap.give_back(whole);
    heap.trim();
    CHECK(heap.total() == 0);
  }
}

TEST_CASE("blocks of a heap are aligned and do not overlap") {
  Heap heap;
  const Philox random(1, 0);
  struct Taken {
    unsigned char* data;
    std::size_t bytes;
    unsigned char mark;
  };
  std::vector<Taken> taken;
  std::uint64_t draws = 0;
  for (int i = 0; i < 5000; ++i) {
    if (taken.size() < 40 || random.uniform(draws++) < 0.5) {
      const std::size_t bytes = part_of(i % 10 == 0 ? mib : 8 * kib, random, draws++);
      auto* data = static_cast<unsigned char*>(heap.take(bytes));
      REQUIRE(reinterpret_cast<std::uintptr_t>(data) % Heap::granule == 0);
      const auto mark = static_cast<unsigned char>(i);
      std::memset(data, mark, bytes);
      taken.push_back({data, bytes, mark});
    } else {
      const std::size_t at = part_of(taken.size(), random, draws++) / Heap::granule % taken.size();
      const Taken t = taken[at];
      REQUIRE(t.data[0] == t.mark);
      REQUIRE(t.data[t.bytes - 1] == t.mark);
      REQUIRE(std::memcmp(t.data, t.data + 1, t.bytes - 1) == 0);
      heap.give_back(t.data);
      taken[at] = taken.back();
      taken.pop_back();
    }
  }
  for (const Taken& t : taken) heap.give_back(t.data);
  heap.trim();
  CHECK(heap.total() == 0);
}

TEST_CASE("regression: blocks freed at one length were not reused at another") {
  Heap heap;
  const Philox random(2, 0);
  const double before = resident_bytes();
  std::size_t most = 0;
  for (std::uint64_t step = 0; step < 300; ++step) {
    // A step keeps activations of a few sizes, each a multiple of its length, and then frees all.
    const std::size_t length = part_of(100 * Heap::granule, random, step) / Heap::granule;
    std::vector<void*> kept;
    std::size_t in_use = 0;
    const auto keep = [&](std::size_t per_token) {
      const std::size_t bytes = length * per_token;
      auto* block = static_cast<char*>(heap.take(bytes));
      for (std::size_t i = 0; i < bytes; i += 4 * kib) block[i] = 1;
      kept.push_back(block);
      in_use += bytes;
    };
    for (int layer = 0; layer < 6; ++layer)
      for (const std::size_t per_token : {8 * kib, 24 * kib, 8 * kib, 32 * kib, 2 * kib}) keep(per_token);
    most = std::max(most, in_use);
    for (std::size_t i = kept.size(); i-- > 0;) heap.give_back(kept[i]);
  }
  // Sanitizers have memory of their own.
  if (!sanitizers::watching) CHECK(resident_bytes() - before <= 1.25 * static_cast<double>(most));
  heap.trim();
}

TEST_CASE("regression: trim counted more bytes than a chunk had behind its last block") {
  for (std::size_t unused = kib; unused <= 64 * kib; unused *= 2) {
    Heap heap;  // not where the heap of all tensors begins, so on any page
    void* kept = heap.take(mib - unused);
    heap.give_back(heap.take(256));
    const std::size_t before = heap.total();
    heap.trim();
    CHECK(heap.total() <= before);
    CHECK(heap.total() >= mib - unused);
    heap.give_back(kept);
    heap.trim();
    CHECK(heap.total() == 0);
  }
}

TEST_CASE("a heap reports a size that the system does not give, and stays usable") {
  Heap heap;
  void* block = heap.take(kib);
  CHECK(heap.take(std::size_t{1} << 60) == nullptr);
  void* other = heap.take(kib);
  CHECK(other != nullptr);
  heap.give_back(block);
  heap.give_back(other);
  heap.trim();
  CHECK(heap.total() == 0);
}

TEST_CASE("memory in use counts small and large blocks, those of ended threads too") {
  const std::size_t before = memory::in_use();
  std::vector<void*> small;
  for (int i = 0; i < 1000; ++i) small.push_back(memory::allocate(1000));
  void* large = memory::allocate(mib);
  CHECK(memory::in_use() - before == 1000 * 1024 + mib);
  void* other = nullptr;
  std::thread([&] { other = memory::allocate(kib); }).join();
  CHECK(memory::in_use() - before == 1001 * 1024 + mib);
  memory::release(other, kib);
  memory::release(large, mib);
  for (void* block : small) memory::release(block, 1000);
  CHECK(memory::in_use() == before);
}

}  // namespace gradus::autograd_heap_test
