#include <gradus/checks/internal/op_rows.h>

#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/copying.h>

namespace gradus::checks {

Tensor random(const Shape& shape, Range range, std::uint64_t stream) {
  return Tensor::uniform(shape, range.low, range.high, Philox(20, stream), DType::f64).set_requires_grad();
}
Tensor leaf(const std::vector<double>& values, const Shape& shape) {
  return Tensor::from(values, shape).set_requires_grad();
}
Tensor ids(const std::vector<Index>& values, const Shape& shape) { return Tensor::from(values, shape); }
Tensor mask(const std::vector<double>& values, const Shape& shape) { return Tensor::from(values, shape); }
Tensor like(const Tensor& x, const Tensor& values) { return to(values, x.dtype()); }

Row& Rows::add(const std::string& op, const std::string& what, const Tensors& inputs, GradcheckFunction f) {
  all.push_back({op, what, std::move(f), inputs});
  return all.back();
}

void Rows::vacuous(const std::string& op, const std::string& what, const Tensors& inputs, GradcheckFunction f) {
  add(op, what, inputs, std::move(f)).verdict = Verdict::vacuous;
}

void Rows::kink(const std::string& op, const std::string& what, const Tensors& inputs, GradcheckFunction f) {
  Row& row = add(op, what, inputs, std::move(f));
  row.verdict = Verdict::kink;
  row.order = 1;  // there is no derivative to differentiate
}

void Rows::shaped(const std::string& op, const std::string& what, const Shape& shape, const Unary& f) {
  Row& row = add(op, what, {random(shape)}, [f](const Tensors& in) { return f(in[0]); });
  if (shape.numel() == 0) row.verdict = Verdict::vacuous;
}

void Rows::unary(const std::string& op, Range range, const Unary& f, const std::string& what) {
  const auto apply = [f](const Tensors& in) { return f(in[0]); };
  const std::string prefix = what.empty() ? "" : what + ", ";
  add(op, prefix + "a matrix", {random({2, 3}, range)}, apply);
  add(op, prefix + "a scalar", {random({}, range, 1)}, apply);
  add(op, prefix + "one element", {random({1, 1}, range, 2)}, apply);
  add(op, prefix + "longer than a vector register", {random({19}, range, 3)}, apply);
  vacuous(op, prefix + "no elements", {random({0, 3})}, apply);
}

Row& Rows::at(const std::string& op, const std::vector<double>& numbers, const Unary& f, double f32) {
  for (double v : numbers)
    add(op, "at " + std::to_string(v), {leaf({v}, {1})}, [f](const Tensors& in) { return f(in[0]); }).f32 = f32;
  return all.back();
}

void Rows::binary(const std::string& op, const std::string& what, Range a, Range b, const Binary& f) {
  const std::string prefix = what.empty() ? "" : what + ", ";
  const auto pair = [&](const Shape& left, const Shape& right) -> Row& {
    return add(op, prefix + to_string(left) + " with " + to_string(right), {random(left, a), random(right, b, 1)},
               [f](const Tensors& in) { return f(in[0], in[1]); });
  };
  pair({2, 3}, {2, 3});
  pair({2, 3}, {3});
  pair({2, 1, 3}, {4, 1});
  pair({}, {2, 2});
  pair({1}, {1});
  pair({0, 3}, {3}).verdict = Verdict::vacuous;
  if (a.low == b.low && a.high == b.high) {
    add(op, prefix + "a tensor with itself", {random({2, 2}, a)},
        [f](const Tensors& in) { return f(in[0], in[0]) + in[0]; });
  }
}

}  // namespace gradus::checks
