#include "bench/machine.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "autograd/blas.h"
#include "autograd/gemm.h"
#include "autograd/parallel.h"
#include "train/stopwatch.h"

namespace gradus::bench {

double product_peak() {
  constexpr Index n = 2048;
  const std::vector<float> a(n * n, 0.5f), b(n * n, 0.25f);
  std::vector<float> c(n * n);
  double best = 1e9;
  for (int i = 0; i < 6; ++i) {
    const train::Stopwatch time;
    gemm(blas::Transpose::no, blas::Transpose::no, n, n, n, a.data(), n, b.data(), n, {}, c.data(), n);
    best = std::min(best, time.seconds());
  }
  return 2e-9 * n * n * n / best;
}

double copy_bandwidth(bool beyond_caches) {
  const Index count = beyond_caches ? Index{1} << 24 : Index{1} << 15;
  const int repeats = beyond_caches ? 1 : 200;
  const std::vector<float> from(static_cast<std::size_t>(count), 1.0f);
  std::vector<float> to(static_cast<std::size_t>(count));
  double best = 1e9;
  for (int i = 0; i < 8; ++i) {
    const train::Stopwatch time;
    for (int r = 0; r < repeats; ++r)
      parallel_for(count, std::max<Index>(1, count / 16), [&](Index begin, Index end) {
        std::memcpy(to.data() + begin, from.data() + begin, static_cast<std::size_t>(end - begin) * sizeof(float));
      });
    best = std::min(best, time.seconds() / repeats);
  }
  return 8e-9 * static_cast<double>(count) / best;
}

double peak_resident_mb() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_maxrss) / 1024;
}

double core_ratio() {
  const auto work = [] {
    constexpr Index n = 256;
    const std::vector<float> a(n * n, 0.5f), b(n * n, 0.25f);
    std::vector<float> c(n * n);
    for (int i = 0; i < 100; ++i)
      blas::gemm(blas::Transpose::no, blas::Transpose::no, n, n, n, 1.0f, a.data(), n, b.data(), n, 0.0f, c.data(), n);
  };
  work();
  double alone = 1e9, both = 1e9;
  for (int i = 0; i < 3; ++i) {
    const train::Stopwatch one;
    work();
    alone = std::min(alone, one.seconds());
    const train::Stopwatch two;
    std::thread other(work);
    work();
    other.join();
    both = std::min(both, two.seconds());
  }
  return 2 * alone / both;
}

}  // namespace gradus::bench
