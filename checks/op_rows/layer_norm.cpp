#include <gradus/autograd/ops/layer_norm.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_layer_norm(Rows& t) {
  const std::string op = "layer_norm(Tensor, Tensor, Tensor, Scalar)";
  const Tensor w = random({4}, {0.5, 2}, 1), b = random({4}, {-1, 1}, 2);
  const auto f = [](auto& in) { return layer_norm(in[0], in[1], in[2]); };
  t.add(op, "", {random({3, 4}), w, b}, f);
  t.add(op, "of a vector", {random({4}), w, b}, f);
  t.add(op, "of a batch", {random({2, 2, 4}), w, b}, [](auto& in) { return layer_norm(in[0], in[1], in[2], 0.1); });
  t.add(op, "without weight and bias", {random({3, 5})}, [](auto& in) { return layer_norm(in[0], {}, {}); });
  t.add(op, "without bias", {random({3, 4}), w}, [](auto& in) { return layer_norm(in[0], in[1], {}); });
  t.add(op, "without weight", {random({3, 4}), b}, [](auto& in) { return layer_norm(in[0], {}, in[1]); });
  t.add(op, "a constant row", {Tensor::full({1, 4}, 3, DType::f64).set_requires_grad(), w.detach(), b},
        [](auto& in) { return layer_norm(in[0], in[1], in[2], 0.5); });
  t.add(op, "rows of one element", {random({3, 1}), random({1}, {-1, 1}, 1)},
        [](auto& in) { return layer_norm(in[0], {}, in[1]) + in[0]; });
  t.vacuous(op, "no rows", {random({0, 4}), w, b}, f);
  t.add(op, "far from zero", {random({2, 4}, {1000, 1003}), w, b}, f).f32 = 1e-3;

  const std::string rms = "rms_norm(Tensor, Tensor, std::optional<Scalar>)";
  t.add(rms, "", {random({3, 4}), w}, [](auto& in) { return rms_norm(in[0], in[1]); });
  t.add(rms, "without weight", {random({2, 2, 4})}, [](auto& in) { return rms_norm(in[0], {}, 0.1); });
  t.vacuous(rms, "no rows", {random({0, 4}), w}, [](auto& in) { return rms_norm(in[0], in[1]); });
}

}  // namespace gradus::checks
