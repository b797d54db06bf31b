// A training loop of your own on several processes, with MPI if gradus was built with it (-DGRADUS_MPI=ON).
// Build: cmake --preset release && cmake --build --preset release --target example_ranks
// Run:   build/release/examples/ranks, or mpirun -n 4 build/release/examples/ranks
#include <cstdio>

#include <gradus/autograd/ops.h>
#include <gradus/nn/linear.h>
#include <gradus/optim/adam.h>
#include <gradus/train/mpi.h>

using namespace gradus;

int main() {
  const auto ranks = train::join_ranks();  // 1: the other processes

  nn::ParameterStore store(/*seed=*/1);  // the same parameters on all ranks
  const nn::Linear hidden(store.root() / "hidden", 1, 16), output(store.root() / "output", 16, 1);
  optim::Adam adam(store.trainable());

  constexpr Index examples = 64;
  const Index begin = examples * ranks->rank() / ranks->size(),  // 2: the examples of this rank
      end = examples * (ranks->rank() + 1) / ranks->size();
  const Tensor x =
      reshape((Tensor::arange(end - begin, DType::f32) + static_cast<double>(begin - 32)) * 0.1, {end - begin, 1});
  double loss_here = 0;
  for (int step = 0; step < 400; ++step) {
    const Tensor loss = sum(square(output(tanh(hidden(x))) - sin(x))) * (1.0 / examples);  // a share of the mean
    loss.backward();
    train::sum_gradients(*ranks, store.trainable());  // 3: the gradients of all examples
    adam.step(/*lr=*/0.02);
    adam.zero_grad();
    loss_here = loss.item();
  }
  double loss = 0;
  for (const auto& of_rank : ranks->gather(std::vector<double>{loss_here})) loss += of_rank.front();
  if (ranks->rank() == 0) std::printf("%td ranks, loss %.6f\n", ranks->size(), loss);
  if (loss < 0.01) return 0;
  std::fprintf(stderr, "expected a loss below 0.01\n");
  return 1;
}
