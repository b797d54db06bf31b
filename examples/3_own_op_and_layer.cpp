// Two ops and a layer of your own, and the check of their gradients.
// Build: cmake --preset release && cmake --build --preset release --target example_3_own_op_and_layer
// Run:   build/release/examples/3_own_op_and_layer
#include <cstdio>

#include <gradus/autograd/checks/gradcheck.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/autograd/ops/pointwise.h>
#include <gradus/nn/parameters.h>

using namespace gradus;

// An elementwise op is one scalar formula. Its derivatives come from dual numbers.
Tensor swish(const Tensor& x) {
  return pointwise("swish", x, [](auto v) { return v * sigmoid(v); });
}

// An op with its own rule. The rule consists of ordinary ops, so it can be differentiated again.
Tensor outer(const Tensor& a, const Tensor& b) {
  return record("outer", mul(unsqueeze(a.detach(), 1), unsqueeze(b.detach(), 0)), {a, b}, [a, b](const Tensor& dy) {
    return Grads{matmul(dy, b), matmul(transpose(dy), a)};
  });
}

// A layer is a struct. Its constructor registers its parameters, and the scope gives them their path.
struct Gate {
  Tensor weight;  // [dim]
  Gate(nn::Scope scope, Index dim) : weight(scope.ones("weight", {dim})) {}
  Tensor operator()(const Tensor& x) const { return x * sigmoid(weight) + swish(x); }  // [..., dim] -> [..., dim]
};

int main() {
  const Tensor a = Tensor::normal({3}, 0, 1, Philox(1, 1), DType::f64).set_requires_grad();
  const Tensor b = Tensor::normal({4}, 0, 1, Philox(1, 2), DType::f64).set_requires_grad();
  const auto op = gradcheck([](const std::vector<Tensor>& in) { return outer(in[0], in[1]); }, {a, b}, {.order = 2});
  std::puts(to_string(op).c_str());

  nn::ParameterStore store(/*seed=*/1, DType::f64);
  const Gate gate(store.root() / "gate", 4);
  const Tensor x = Tensor::normal({2, 4}, 0, 1, Philox(1, 3), DType::f64);
  const auto layer = check_module([&](const std::vector<Tensor>& in) { return gate(in[0]); }, store.trainable(), {x});
  std::puts(to_string(layer).c_str());
  if (op.passed() && layer.passed()) return 0;
  std::fprintf(stderr, "a gradient differs from the differences\n");
  return 1;
}
