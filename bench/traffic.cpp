#include <gradus/bench/traffic.h>

#include <fmt/format.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <atomic>

#include <gradus/autograd/foundation/internal/simd.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/bench/samples.h>

namespace gradus::bench {
namespace {

using V = simd::Vector<float>;
constexpr Index lanes = simd::lanes_of<float>;
constexpr Index grain = Index{1} << 15, beyond_second_cache = Index{1} << 20;

std::atomic<float> sink;

// Writes to p, aligned to a vector, around the caches if the processor can.
[[gnu::always_inline]] inline void stream(float* p, V v) {
#if defined(__AVX512F__)
  _mm512_stream_ps(p, reinterpret_cast<__m512>(v));
#elif defined(__AVX__)
  _mm256_stream_ps(p, reinterpret_cast<__m256>(v));
#elif defined(__SSE2__)
  _mm_stream_ps(p, reinterpret_cast<__m128>(v));
#else
  simd::store(p, v);
#endif
}

void finish_streams() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

void read(const float* x, Index n) {
  constexpr Index sums = 8;
  V sum[sums] = {};
  Index i = 0;
  for (; i + sums * lanes <= n; i += sums * lanes)
#pragma GCC unroll 8
    for (Index k = 0; k < sums; ++k) sum[k] += simd::load<V>(x + i + k * lanes);
  float total = 0;
  for (; i < n; ++i) total += x[i];
  for (const V& s : sum) total += s[0];
  sink.store(total, std::memory_order_relaxed);
}

template <bool around, class F>
void fill(float* y, Index n, const F& f) {
  for (Index i = 0; i + lanes <= n; i += lanes) around ? stream(y + i, f(i)) : simd::store(y + i, f(i));
  if (around) finish_streams();
}

void update(float* p, const float* g, float* m, float* v, Index n) {
  for (Index i = 0; i + lanes <= n; i += lanes) {
    const V x = simd::load<V>(g + i), a = simd::load<V>(m + i) + x, b = simd::load<V>(v + i) + x;
    simd::store(m + i, a);
    simd::store(v + i, b);
    simd::store(p + i, simd::load<V>(p + i) + (a + b));
  }
}

template <bool around>
void loop(Pattern pattern, float* const (&a)[4], Index n) {
  const auto at = [&](int k) { return [p = a[k]](Index i) { return simd::load<V>(p + i); }; };
  switch (pattern) {
    case Pattern::read:
      return read(a[0], n);
    case Pattern::write:
      return fill<around>(a[3], n, [](Index) { return V{} + 1.0f; });
    case Pattern::copy:
      return fill<around>(a[3], n, at(0));
    case Pattern::add:
      return fill<around>(a[3], n, [x = at(0), y = at(1)](Index i) { return x(i) + y(i); });
    case Pattern::update:
      return update(a[0], a[1], a[2], a[3], n);
  }
}

float* aligned(std::vector<float>& x) {
  const auto address = reinterpret_cast<std::uintptr_t>(x.data());
  return x.data() + (64 - address % 64) % 64 / sizeof(float);
}

}  // namespace

const char* name(Pattern pattern) {
  constexpr const char* names[] = {"read", "write", "copy", "add", "update"};
  return names[static_cast<int>(pattern)];
}

int bytes(Pattern pattern) {
  constexpr int arrays[] = {1, 1, 2, 3, 7};
  return 4 * arrays[static_cast<int>(pattern)];
}

Traffic::Traffic(Index elements) : elements_(elements) {
  const auto with_room = static_cast<std::size_t>(elements + 2 * lanes + 16);
  for (int i = 0; i < 4; ++i) arrays_.emplace_back(with_room, 1e-20f);
}

void Traffic::run(Pattern pattern, bool backward, Way way) {
  float* all[4];
  for (std::size_t i = 0; i < 4; ++i) all[i] = aligned(arrays_[i]);
  // Forward writes all[3]; backward reads it and writes all[2].
  float *const forward_order[4] = {all[0], all[1], all[2], all[3]}, *const backward_order[4] = {all[1], all[3], all[0],
                                                                                                all[2]};
  const auto piece = [&](Index begin, Index end) {
    float* a[4];
    for (int i = 0; i < 4; ++i) a[i] = (backward ? backward_order : forward_order)[i] + begin;
    way.around ? loop<true>(pattern, a, end - begin) : loop<false>(pattern, a, end - begin);
  };
  way.parallel ? parallel_for(elements_, grain, piece) : piece(0, elements_);
}

void Traffic::run(Pattern pattern, bool backward) { run(pattern, backward, ways_[static_cast<int>(pattern)]); }

void Traffic::tune(Pattern pattern, double seconds) {
  const bool may_go_around = pattern != Pattern::read && pattern != Pattern::update && elements_ >= beyond_second_cache;
  std::vector<Way> ways;
  for (const bool parallel : {false, true}) {
    for (const bool around : {false, true}) {
      if ((!parallel || (threads() > 1 && elements_ > grain)) && (!around || may_go_around))
        ways.push_back({parallel, around});
    }
  }
  std::vector<Timed> timed;
  for (const Way& way : ways) timed.push_back({[this, pattern, way] { run(pattern, false, way); }});
  const std::vector<Samples> times = time_in_turn(timed, seconds);
  Way& best = ways_[static_cast<int>(pattern)];
  best = {};
  for (std::size_t i = 0; i < ways.size(); ++i) {
    ways[i].seconds = times[i].median();
    if (best.seconds == 0 || ways[i].seconds < best.seconds) best = ways[i];
  }
}

std::string Traffic::way(Pattern pattern) const {
  const Way& way = ways_[static_cast<int>(pattern)];
  const int n = way.parallel ? threads() : 1;
  return fmt::format("{} thread{}{}", n, n == 1 ? "" : "s", way.around ? ", around the caches" : "");
}

double Traffic::bandwidth(Pattern pattern) const {
  return 1e-9 * static_cast<double>(elements_) * bytes(pattern) / ways_[static_cast<int>(pattern)].seconds;
}

}  // namespace gradus::bench
