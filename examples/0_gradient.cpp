#include <iostream>

#include <gradus/autograd/autograd.h>

using namespace gradus;

int main() {
  const Tensor x = Tensor::from({1.0, 2.0, 3.0}).set_requires_grad();
  sum(x * x).backward();
  std::cout << x.grad() << "\n";  // [2, 4, 6]
}
