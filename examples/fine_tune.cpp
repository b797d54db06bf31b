// Fine-tuning: a network trained in PyTorch learns more kinds of waves from 18 examples, by a map of names.
// Build: cmake --preset release && cmake --build --preset release --target example_fine_tune
// Run:   build/release/examples/fine_tune       (writes pretrained.safetensors in the working directory)
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <gradus/autograd/autograd.h>
#include <gradus/files/safetensors.h>
#include <gradus/nn/convolution.h>
#include <gradus/nn/linear.h>
#include <gradus/optim/adam.h>

using namespace gradus;

constexpr Index length = 32;

/// Waves under noise: sine, square, saw tooth, triangle, falling saw tooth and pulse, of any phase and pitch.
struct Waves {
  Tensor signal, kind;  // [n, 1, length], [n]
};

Waves waves(Index n, std::uint64_t stream, const std::vector<Index>& kinds) {
  const Philox random(/*seed=*/1, stream);
  std::vector<float> values;
  std::vector<Index> chosen;
  for (Index i = 0; i < n; ++i) {
    const auto row = static_cast<std::uint64_t>(i);
    chosen.push_back(i % std::ssize(kinds));
    const Index kind = kinds[static_cast<std::size_t>(chosen.back())];
    const double phase = random.uniform(2 * row), pitch = 2 + 2 * random.uniform(2 * row + 1);
    for (Index t = 0; t < length; ++t) {
      const double turns = phase + pitch * static_cast<double>(t) / length, at = turns - std::floor(turns);
      const double wave = kind == 0   ? std::sin(6.283185 * at)
                          : kind == 1 ? (at < 0.5 ? 1 : -1)
                          : kind == 2 ? 2 * at - 1
                          : kind == 3 ? 1 - 4 * std::abs(at - 0.5)
                          : kind == 4 ? 1 - 2 * at
                                      : (at < 0.2 ? 1 : -1);
      values.push_back(static_cast<float>(wave));
    }
  }
  const Tensor clean = Tensor::from(values, {n, 1, length});
  return {clean + Tensor::normal({n, 1, length}, 0, 0.2, Philox(/*seed=*/2, stream)), Tensor::from(chosen, {n})};
}

struct Classifier {
  nn::Conv1d first, second;
  nn::Linear head;

  Classifier(nn::Scope scope, Index kinds)
      : first(scope / "features" / "first", 1, 16, 7),
        second(scope / "features" / "second", 16, 32, 7),
        head(scope / "head", 32, kinds) {}

  Tensor operator()(const Tensor& signal) const { return head(mean(relu(second(relu(first(signal)))), 2)); }
};

template <class Draw>
double train(nn::ParameterStore& store, const Classifier& model, int steps, double lr, const Draw& batch) {
  optim::Adam adam(store.trainable());
  double last = 0;
  for (int step = 0; step < steps; ++step) {
    const auto [signal, kind] = batch(static_cast<std::uint64_t>(step));
    const Tensor loss = cross_entropy(model(signal), kind);
    loss.backward();
    adam.step(lr);
    adam.zero_grad();
    last = loss.item();
  }
  return last;
}

// Stands for PyTorch. There, a module with conv1, conv2 and fc writes the same names, shapes and values by
//     safetensors.torch.save_file(module.state_dict(), "pretrained.safetensors")
void write_pretrained(const std::string& file) {
  nn::ParameterStore store(/*seed=*/1);
  const Classifier model(store.root(), 4);
  const double loss = train(store, model, 500, 0.005, [](std::uint64_t step) { return waves(64, step, {0, 1, 2, 3}); });
  std::printf("the loss of the first task is %.3f\n", loss);
  files::write_safetensors(file, {.tensors = {{"conv1.weight", model.first.weight},
                                              {"conv1.bias", model.first.bias},
                                              {"conv2.weight", model.second.weight},
                                              {"conv2.bias", model.second.bias},
                                              {"fc.weight", model.head.weight},
                                              {"fc.bias", model.head.bias}},
                                  .metadata = {{"format", "pt"}}});
}

// The accuracy on new waves of all six kinds, after training on three of each.
double learn(bool pretrained) {
  nn::ParameterStore store(/*seed=*/2);
  const Classifier model(store.root(), 6);  // a new head
  if (pretrained) {
    const auto report = store.load("pretrained.safetensors", {.strict = false,  // the new head has no values
                                                              .rename = {{"conv1.weight", "features.first.weight"},
                                                                         {"conv1.bias", "features.first.bias"},
                                                                         {"conv2.weight", "features.second.weight"},
                                                                         {"conv2.bias", "features.second.bias"},
                                                                         {"fc.weight", ""},  // left out
                                                                         {"fc.bias", ""}}});
    for (const std::string& path : report.missing) std::printf("not in the file: %s\n", path.c_str());
    store.freeze("features");
  }
  const Waves few = waves(18, 1000, {0, 1, 2, 3, 4, 5});
  train(store, model, 100, 0.01, [&](std::uint64_t) { return few; });
  const NoGrad no_grad;
  const Waves test = waves(1002, 2000, {0, 1, 2, 3, 4, 5});
  return mean(argmax(model(test.signal), 1) == test.kind).item();
}

int main() {
  write_pretrained("pretrained.safetensors");
  const double scratch = learn(false), tuned = learn(true);
  std::printf("accuracy from scratch %.3f, with the trained features %.3f\n", scratch, tuned);
  if (tuned > 0.75 && tuned > scratch + 0.1) return 0;
  std::fprintf(stderr, "expected more than 0.75 with the trained features, and 0.1 more than from scratch\n");
  return 1;
}
