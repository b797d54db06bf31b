// A gradient in ten lines: of the sum of squares, 2 x.
// Build: cmake --preset release && cmake --build --preset release --target example_0_gradient
// Run:   build/release/examples/0_gradient
#include <iostream>

#include <gradus/autograd/autograd.h>

using namespace gradus;

int main() {
  const Tensor x = Tensor::from({1.0, 2.0, 3.0}).set_requires_grad();
  sum(x * x).backward();
  std::cout << x.grad() << "\n";  // [2, 4, 6]
}
