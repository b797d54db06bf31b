// Learning inside a program's own loop: one prediction and one step of training per reading, in memory that stays flat.
// Build: cmake --preset release && cmake --build --preset release --target example_online
// Run:   build/release/examples/online
#include <unistd.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <vector>

#include <gradus/autograd/autograd.h>
#include <gradus/nn/linear.h>
#include <gradus/optim/adam.h>

using namespace gradus;

constexpr int readings = 30000, warm_up = 10000;
constexpr std::size_t window = 8;  // readings that a prediction is made from

/// Predicts the next reading of a sensor from the last ones, and learns from each.
class Predictor {
 public:
  Predictor()
      : store_(/*seed=*/1),
        hidden_(store_.root() / "hidden", window, 16),
        output_(store_.root() / "output", 16, 1),
        adam_(store_.trainable()),
        past_(window, 0.0F) {}

  float predict() {
    prediction_ = output_(tanh(hidden_(Tensor::from(past_, {1, window}))));  // recorded until the reading comes
    return prediction_.item<float>();
  }

  void learn(float reading) {
    const Tensor loss = mse_loss(prediction_, Tensor::full({1, 1}, reading));
    loss.backward();
    adam_.step(/*lr=*/0.003);
    adam_.zero_grad();
    past_.erase(past_.begin());
    past_.push_back(reading);
  }

 private:
  nn::ParameterStore store_;
  nn::Linear hidden_, output_;
  optim::Adam adam_;
  std::vector<float> past_;
  Tensor prediction_;
};

/// A wave whose form changes halfway, with noise.
float sensor(int t) {
  const double phase = t < readings / 2 ? 0.3 * t : 0.5 * t + std::sin(0.05 * t);
  return static_cast<float>(std::sin(phase) + 0.05 * Philox(/*seed=*/1, 1).normal(static_cast<std::uint64_t>(t)));
}

/// Bytes of this process in memory.
double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double all = 0, resident = 0;
  statm >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

int main() {
  Predictor predictor;
  double error = 0, still = 0;  // squares, as moving averages: of the prediction, and of the reading before
  double before = 0, worst = 0;
  float last = 0;
  for (int t = 0; t < readings; ++t) {
    const float expected = predictor.predict();  // what the program would act on
    const float reading = sensor(t);
    predictor.learn(reading);

    error += 0.002 * (std::pow(reading - expected, 2) - error);
    still += 0.002 * (std::pow(reading - last, 2) - still);
    last = reading;
    if (t == warm_up) before = resident_bytes();
    if (t > readings / 2) worst = std::max(worst, error);
    if (t % 5000 == 4999)
      std::printf("reading %5d: error %.3f, of the reading before %.3f\n", t + 1, std::sqrt(error), std::sqrt(still));
  }
  const double grown = resident_bytes() - before;
  std::printf("the change raised the error to %.3f\n", std::sqrt(worst));
  std::printf("memory grew by %.0f bytes over %d readings\n", grown, readings - warm_up);
  if (error < 0.1 * still && grown < 512 * 1024) return 0;
  std::fprintf(stderr,
               "expected a tenth of the squared error of the reading before, and less than 512 KiB more memory\n");
  return 1;
}
