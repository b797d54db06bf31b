// The training step of `gradus bench cnn` in libtorch: the same network, batch and optimiser. bench/cnn.sh builds and
// runs it beside gradus. Usage: cnn_libtorch THREADS SECONDS
#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

struct Cnn : torch::nn::Module {
  torch::nn::Conv2d first{nullptr}, second{nullptr};
  torch::nn::Linear output{nullptr};
  Cnn() {
    first = register_module("first", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 16, 3).padding(1)));
    second = register_module("second", torch::nn::Conv2d(torch::nn::Conv2dOptions(16, 32, 3).padding(1)));
    output = register_module("output", torch::nn::Linear(32 * 7 * 7, 10));
  }
  torch::Tensor forward(torch::Tensor x) {
    x = torch::max_pool2d(torch::relu(first(x)), 2);
    x = torch::max_pool2d(torch::relu(second(x)), 2);
    return output(x.flatten(1));
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 3;
  at::set_num_threads(threads);
  constexpr int64_t batch = 100;
  torch::manual_seed(1);
  const torch::Tensor images = torch::randn({batch, 1, 28, 28}), labels = torch::randint(10, {batch});
  Cnn cnn;
  torch::optim::Adam adam(cnn.parameters(), torch::optim::AdamOptions(1e-3));
  std::vector<double> all, forwards, backwards, updates;
  double loss_value = 0;
  const auto step = [&](bool counts) {
    const auto begin = Clock::now();
    adam.zero_grad();
    const torch::Tensor loss = torch::nn::functional::cross_entropy(cnn.forward(images), labels);
    loss_value = loss.item<double>();
    const double forward = seconds_since(begin);
    loss.backward();
    const double backward = seconds_since(begin) - forward;
    adam.step();
    if (!counts) return;
    all.push_back(seconds_since(begin));
    forwards.push_back(forward);
    backwards.push_back(backward);
    updates.push_back(all.back() - forward - backward);
  };
  for (int i = 0; i < 3; ++i) step(false);
  for (const auto start = Clock::now(); all.size() < 9 || seconds_since(start) < seconds;) step(true);
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  std::printf("libtorch cnn %d %.3f %.0f %.0f min_ms=%.3f fwd_ms=%.3f bwd_ms=%.3f optim_ms=%.3f loss=%.4f\n", threads,
              1e3 * median(all), static_cast<double>(batch) / median(all), static_cast<double>(use.ru_maxrss) / 1024,
              1e3 * *std::min_element(all.begin(), all.end()), 1e3 * median(forwards), 1e3 * median(backwards),
              1e3 * median(updates), loss_value);
}
