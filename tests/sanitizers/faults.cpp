// Deliberate faults in places that a sanitizer may miss. tests/CMakeLists.txt checks that each is reported.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <string>
#include <thread>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/autograd/foundation/internal/blas.h>
#include <gradus/autograd/foundation/parallel.h>

using namespace gradus;

namespace {

// Runs both pieces at the same time, on two threads, without ordering them.
void on_two_threads(const std::function<void(Index)>& piece) {
  set_threads(2);
  std::atomic<int> here{0};
  parallel_for(2, 1, [&](Index k, Index) {
    here.fetch_add(1, std::memory_order_relaxed);
    const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (here.load(std::memory_order_relaxed) < 2 && std::chrono::steady_clock::now() < late)
      std::this_thread::yield();
    piece(k);
  });
}

}  // namespace

int main(int count, char** arguments) {
  std::signal(SIGABRT, [](int) { std::_Exit(1); });  // the assertion printed its reason; a signal would fail the test
  const std::string fault = count == 2 ? arguments[1] : "";
  const Tensor x = Tensor::ones({64}), y = Tensor::ones({64});
  float* p = Tensor(x).mutable_data<float>();
  if (fault == "a race between pieces") {
    on_two_threads([&](Index) { p[0] += 1; });
  } else if (fault == "a race inside OpenBLAS") {
    using blas::Transpose;
    const float* in = y.data<float>();
    on_two_threads([&](Index) { blas::gemm(Transpose::no, Transpose::no, 8, 8, 8, 1, in, 8, in, 8, 0, p, 8); });
  } else if (fault == "no race") {
    Index sum = 0;
    on_two_threads([&](Index k) { p[k] = 1; });
    for (int i = 0; i < 100; ++i) {
      parallel_for(64, 1, [&](Index begin, Index) { p[begin] += 1; });
      for (Index k = 0; k < 64; ++k) sum += static_cast<Index>(p[k]);
      p[sum % 64] = 0;
    }
  } else if (fault == "a write behind a tensor") {
    p[64 + 32] = 1;  // its padding to whole vectors ends at 128 bytes
  } else if (fault == "a write behind a tensor by OpenBLAS") {
    const float* in = y.data<float>();
    blas::gemm(blas::Transpose::no, blas::Transpose::no, 16, 8, 1, 1, in, 1, in, 8, 0, p, 8);
  } else if (fault == "a read of a freed tensor") {
    const float* freed = Tensor::ones({64}).data<float>();
    std::cout << freed[0];
  } else if (fault == "a signed overflow") {
    volatile Index most = std::numeric_limits<Index>::max();
    std::cout << most + 1;
  } else if (fault == "an index beyond a vector") {
    const std::vector<int> three(3);
    volatile std::size_t i = 3;
    std::cout << three[i];
  } else {
    std::cerr << "which fault?\n";
    return 2;
  }
  std::cout << "no fault was reported\n";
}
