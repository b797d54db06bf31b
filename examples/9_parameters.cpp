// Saves the parameters of a model, and loads them from its own and from another program's file.
// Build: cmake --preset release && cmake --build --preset release --target example_9_parameters
// Run:   build/release/examples/9_parameters
#include <cstdio>

#include <gradus/autograd/ops.h>
#include <gradus/files/safetensors.h>
#include <gradus/nn/linear.h>

using namespace gradus;

// What another program may have saved: the same layers by other names.
void write_foreign_file() {
  files::write_safetensors("foreign.safetensors", {.tensors = {{"fc1.weight", Tensor::ones({4, 2})},
                                                               {"fc1.bias", Tensor::zeros({4})},
                                                               {"output.weight", Tensor::ones({1, 4})},
                                                               {"output.bias", Tensor::ones({1})}},
                                                   .metadata = {}});
}

int main() {
  nn::ParameterStore store(/*seed=*/1);
  const nn::Linear hidden(store.root() / "hidden", 2, 4), output(store.root() / "output", 4, 1);
  write_foreign_file();

  store.save("model.safetensors");
  store.load("model.safetensors");  // throws one error that lists all names that do not fit
  store.load("foreign.safetensors", {.rename = {{"fc1.weight", "hidden.weight"}, {"fc1.bias", "hidden.bias"}}});
  store.set("output.bias", Tensor::zeros({1}));

  try {
    store.load("foreign.safetensors");
  } catch (const Error& error) {
    std::printf("%s\n", error.what());
  }
  const double y = output(hidden(Tensor::ones({1, 2}))).item();
  std::printf("output: %g\n", y);
  if (y == 8) return 0;
  std::fprintf(stderr, "expected an output of 8\n");
  return 1;
}
