#include <cstdio>

#include <gradus/autograd/autograd.h>

using namespace gradus;

int main() {
  const Tensor x = Tensor::from(std::vector<double>{1, 2, 3}, {3}).set_requires_grad();
  sum(x * x).backward();
  std::printf("%s\n", to_string(x.grad()).c_str());  // [2, 4, 6]
}
