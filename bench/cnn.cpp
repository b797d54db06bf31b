#include <gradus/bench/cnn.h>

#include <vector>

#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/losses.h>
#include <gradus/autograd/ops/pooling.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/nn/convolution.h>
#include <gradus/nn/linear.h>
#include <gradus/optim/adam.h>

namespace gradus::bench {

namespace {

struct Cnn {
  nn::Conv2d first, second;
  nn::Linear output;

  explicit Cnn(nn::Scope scope)
      : first(scope / "first", 1, 16, 3, {.padding = 1}),
        second(scope / "second", 16, 32, 3, {.padding = 1}),
        output(scope / "output", 32 * 7 * 7, 10) {}

  Tensor operator()(const Tensor& images) const {  // [batch, 1, 28, 28] -> [batch, 10]
    const Tensor half = max_pool2d(relu(first(images)), 2), quarter = max_pool2d(relu(second(half)), 2);
    return output(flatten(quarter, 1));
  }
};

}  // namespace

CnnTimes time_cnn(double seconds) {
  CnnTimes times;
  times.batch = 100;
  const Tensor images = Tensor::normal({times.batch, 1, 28, 28}, 0, 1, Philox(1, 0));
  std::vector<Index> classes;
  for (Index i = 0; i < times.batch; ++i) classes.push_back(i % 10);
  const Tensor labels = Tensor::from(classes, {times.batch});

  nn::ParameterStore store(1);
  const Cnn cnn(store.root());
  optim::Adam adam(store.trainable());
  times.parameters = store.count();
  bool first = true;
  const auto step = [&](bool counts) {
    const Stopwatch all;
    adam.zero_grad();
    const Tensor loss = cross_entropy(cnn(images), labels);
    times.last_loss = loss.item();
    if (std::exchange(first, false)) times.first_loss = times.last_loss;
    const double forward = all.seconds();
    loss.backward();
    const double backward = all.seconds() - forward;
    adam.step(1e-3);
    if (!counts) return;
    times.step.add(all.seconds());
    times.forward.add(forward);
    times.backward.add(backward);
    times.update.add(all.seconds() - forward - backward);
  };
  for (int i = 0; i < 3; ++i) step(false);
  for (const Stopwatch all; times.step.size() < 9 || all.seconds() < seconds;) step(true);
  return times;
}

}  // namespace gradus::bench
