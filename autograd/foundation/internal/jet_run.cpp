#include <gradus/autograd/foundation/internal/jet_run.h>

#include <algorithm>
#include <deque>
#include <new>

#include <gradus/autograd/foundation/internal/scratch.h>

namespace gradus::numeric {

namespace {

constexpr Index chunk_bytes = Index{1} << 17;

}  // namespace

struct JetRun::Memory {
  std::deque<Scratch<char>> chunks;
  std::size_t chunk = 0;  // the one in use
  Index used = 0;         // bytes of that chunk
};

JetRun::JetRun(DType dtype) : dtype_(dtype), memory_(std::make_unique<Memory>()) {}
JetRun::~JetRun() = default;

void JetRun::begin(Index n) {
  count_ = n;
  memory_->chunk = 0;
  memory_->used = 0;
}

void* JetRun::allocate(Index bytes) {
  constexpr Index line = 64;
  bytes = (bytes + line - 1) / line * line;
  Memory& m = *memory_;
  if (m.used + bytes > chunk_bytes) {
    ++m.chunk;
    m.used = 0;
  }
  if (m.chunk == m.chunks.size()) m.chunks.emplace_back(chunk_bytes);
  void* room = m.chunks[m.chunk].data() + m.used;
  m.used += bytes;
  return room;
}

void* JetRun::values() { return allocate(count_ * size_of(dtype_)); }

Jet JetRun::input(const void* values) {
  return Jet::of(new (allocate(sizeof(Jet::Node))) Jet::Node{this, 0, Jet(), Jet(), values});
}

Jet JetRun::make(int level, Jet a, Jet b) {
  return Jet::of(new (allocate(sizeof(Jet::Node))) Jet::Node{this, level, a, b, nullptr});
}

void JetRun::write(Jet y, void* out) const {
  dispatch_floating(dtype_, [&](auto zero) {
    using T = decltype(zero);
    T* to = static_cast<T*>(out);
    if (y.is_constant())
      std::fill_n(to, count_, static_cast<T>(y.constant()));
    else
      std::copy_n(static_cast<const T*>(y.node()->values), count_, to);
  });
}

Jet coefficient(Jet y, int order) {
  for (int level = order; level > 0; --level) y = !y.is_constant() && y.node()->level == level ? y.node()->b : Jet(0);
  return y;
}

}  // namespace gradus::numeric
