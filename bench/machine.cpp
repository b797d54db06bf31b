#include <gradus/bench/machine.h>

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/internal/blas.h>
#include <gradus/autograd/foundation/internal/gemm.h>
#include <gradus/autograd/foundation/internal/proc_file.h>
#include <gradus/autograd/foundation/internal/stopwatch.h>

namespace gradus::bench {

void LargeProduct::run() {
  gemm(blas::Transpose::no, blas::Transpose::no, size_, size_, size_, a_.data(), size_, b_.data(), size_, {}, c_.data(),
       size_);
}

double product_peak() {
  LargeProduct product(2048);
  double best = 1e9;
  for (int i = 0; i < 6; ++i) {
    const Stopwatch time;
    product.run();
    best = std::min(best, time.seconds());
  }
  return product.gflop() / best;
}

double peak_resident_mb() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_maxrss) / 1024;
}

namespace {

// A figure of /proc/self/status, such as VmHWM, in bytes.
double status(const std::string& name) {
  if (const auto kilobytes = number_after("/proc/self/status", name + ':'))
    return 1024 * static_cast<double>(*kilobytes);
  throw Error(fmt::format("/proc/self/status has no {}, so the resident memory cannot be measured", name));
}

}  // namespace

ResidentGrowth::ResidentGrowth() {
  std::ofstream("/proc/self/clear_refs") << 5 << std::flush;  // VmHWM becomes VmRSS
  before_ = status("VmRSS");
  if (status("VmHWM") > before_ + (1 << 20))
    throw Error("writing 5 to /proc/self/clear_refs does not reset the peak of the resident memory");
}

double ResidentGrowth::bytes() const { return status("VmHWM") - before_; }

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
    const Stopwatch one;
    work();
    alone = std::min(alone, one.seconds());
    const Stopwatch two;
    std::thread other(work);
    work();
    other.join();
    both = std::min(both, two.seconds());
  }
  return 2 * alone / both;
}

}  // namespace gradus::bench
