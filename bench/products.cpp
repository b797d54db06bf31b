#include <gradus/bench/products.h>

#include <fmt/format.h>

#include <dlfcn.h>
#include <algorithm>
#include <chrono>
#include <thread>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/foundation/internal/blas.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/bench/machine.h>
#include <gradus/bench/samples.h>

namespace gradus::bench {
namespace {

using blas::Transpose;

// The number of OpenBLAS's own threads; the library does not use them.
void set_blas_threads(int n) {
  static const auto set = [] {
    blas::describe();  // opens the library
    void* handle = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_NOLOAD);
    return handle ? reinterpret_cast<void (*)(int)>(dlsym(handle, "openblas_set_num_threads")) : nullptr;
  }();
  if (set) set(n);
}

// OpenBLAS's threads busy-wait for some time before they sleep.
void rest() {
  set_blas_threads(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
}

// The three products of a matmul, by OpenBLAS alone.
class Bare {
 public:
  Bare(const Product& p, const Tensor& a, const Tensor& b, const Tensor& dc)
      : p_(p),
        a_(a),
        b_(b),
        dc_(dc),
        c_(Tensor::empty(dc.shape())),
        da_(Tensor::empty(a.shape())),
        db_(Tensor::empty(b.shape())) {}

  void forward(bool divided) {
    each(divided, [this, c = c_.mutable_data<float>()](Index i) {
      blas::gemm(Transpose::no, Transpose::no, p_.m, p_.n, p_.k, 1.0f, a_.data<float>() + i * p_.m * p_.k, p_.k,
                 b_.data<float>() + i * p_.k * p_.n, p_.n, 0.0f, c + i * p_.m * p_.n, p_.n);
    });
  }
  void backward(bool divided) {
    each(divided, [this, da = da_.mutable_data<float>(), db = db_.mutable_data<float>()](Index i) {
      const float* dc = dc_.data<float>() + i * p_.m * p_.n;
      blas::gemm(Transpose::no, Transpose::yes, p_.m, p_.k, p_.n, 1.0f, dc, p_.n, b_.data<float>() + i * p_.k * p_.n,
                 p_.n, 0.0f, da + i * p_.m * p_.k, p_.k);
      blas::gemm(Transpose::yes, Transpose::no, p_.k, p_.n, p_.m, 1.0f, a_.data<float>() + i * p_.m * p_.k, p_.k, dc,
                 p_.n, 0.0f, db + i * p_.k * p_.n, p_.n);
    });
  }

 private:
  template <class F>
  void each(bool divided, const F& f) const {
    const Index count = std::max<Index>(1, p_.batch);
    const auto piece = [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) f(i);
    };
    divided ? parallel_for(count, std::max<Index>(1, (Index{1} << 17) / (p_.m * p_.n * p_.k)), piece) : piece(0, count);
  }

  Product p_;
  Tensor a_, b_, dc_, c_, da_, db_;
};

}  // namespace

std::vector<Product> products() {
  return {{0, 32, 64, 64},   {0, 32, 128, 64},    {0, 32, 128, 256},    {0, 512, 64, 64},     {0, 512, 64, 256},
          {0, 64, 256, 256}, {0, 64, 512, 256},   {0, 64, 768, 256},    {0, 1536, 256, 256},  {0, 1536, 256, 1024},
          {0, 32, 512, 512}, {0, 1024, 512, 512}, {0, 1024, 512, 2048}, {0, 1024, 2048, 512}, {0, 1024, 512, 8000},
          {128, 16, 16, 16}, {256, 24, 64, 24},   {256, 32, 64, 32},    {256, 32, 32, 64},    {32, 1, 64, 16},
          {64, 1, 256, 24},  {32, 1, 512, 32}};
}

std::string name(const Product& p) { return fmt::format("matmul {} {} {} {}", p.batch, p.m, p.k, p.n); }

std::string product_header() {
  return fmt::format(
      "# peak, blas: per cent of a large product, and of OpenBLAS's bare sgemm with its best number of threads, in "
      "turn\n"
      "# {:<4} {:>5} {:>5} {:>5} {:>5} {:>3} {:>10} {:>10} {:>10} {:>10} {:>8} {:>8} {:>10} {:>10} {:>8} {:>8}",
      "op", "batch", "m", "k", "n", "thr", "fwd_us", "fwd_gflops", "bwd_us", "bwd_gflops", "fwd_peak", "bwd_peak",
      "blas_fwd", "blas_bwd", "fwd_blas", "bwd_blas");
}

std::string measure_product(const Product& p, double seconds) {
  const auto shape = [&](Index rows, Index columns) {
    return p.batch ? Shape{p.batch, rows, columns} : Shape{rows, columns};
  };
  const auto normal = [](const Shape& s, std::uint64_t stream) { return Tensor::normal(s, 0, 1, Philox(1, stream)); };
  const Tensor a = normal(shape(p.m, p.k), 1), b = normal(shape(p.k, p.n), 2), seed = normal(shape(p.m, p.n), 3);
  Tensor a_leaf = clone(a).set_requires_grad(), b_leaf = clone(b).set_requires_grad();
  Bare bare(p, a, b, seed);
  std::vector<Timed> timed = {{[&] {
                                const NoGrad off;
                                matmul(a, b);
                              }},
                              {[&] {
                                a_leaf.zero_grad();
                                b_leaf.zero_grad();
                                backward(matmul(a_leaf, b_leaf), {.seed = seed});
                              }},
                              {[&] { bare.forward(false); }},
                              {[&] { bare.backward(false); }}};
  if (threads() > 1) {
    const auto before = [&] { p.batch ? set_blas_threads(1) : set_blas_threads(threads()); };
    const auto after = [&] {
      if (!p.batch) rest();
    };
    timed.push_back({[&] { bare.forward(p.batch > 0); }, before, after});
    timed.push_back({[&] { bare.backward(p.batch > 0); }, before, after});
  }
  LargeProduct large(1024);
  timed.push_back({[&] { large.run(); }});
  const std::vector<Samples> times = time_in_turn(timed, seconds);
  const double peak = large.gflop() / times.back().quantile(0);
  const double forward = times[0].median(), backward = times[1].median() - forward;
  double bare_forward = times[2].median(), bare_backward = times[3].median();
  if (threads() > 1) {
    bare_forward = std::min(bare_forward, times[4].median());
    bare_backward = std::min(bare_backward, times[5].median());
  }
  const double gflop = 2e-9 * static_cast<double>(std::max<Index>(1, p.batch) * p.m * p.k * p.n);
  return fmt::format(
      "matmul {:>5} {:>5} {:>5} {:>5} {:>3} {:>10.2f} {:>10.1f} {:>10.2f} {:>10.1f} {:>8.1f} {:>8.1f} {:>10.1f} "
      "{:>10.1f} {:>8.1f} {:>8.1f}",
      p.batch, p.m, p.k, p.n, threads(), 1e6 * forward, gflop / forward, 1e6 * backward, 2 * gflop / backward,
      100 * gflop / forward / peak, 200 * gflop / backward / peak, gflop / bare_forward, 2 * gflop / bare_backward,
      100 * bare_forward / forward, 100 * bare_backward / backward);
}

}  // namespace gradus::bench
