#include <gradus/autograd/ops/comparison.h>

#include <cmath>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_comparison(Rows& t) {
  const Tensor chosen = mask({1, 0, 0, 1, 0, 1}, {2, 3});
  const std::string op = "where(Tensor, Tensor, Tensor)";
  const auto chosen_by = [](auto& in) { return where(in[2], in[0], in[1]); };
  t.add(op, "", {random({2, 3}), random({2, 3}, {}, 1), chosen}, chosen_by);
  t.add(op, "all three broadcast", {random({2, 1}), random({3}, {}, 1), mask({1, 0, 1, 0}, {4, 1, 1})}, chosen_by);
  t.add(op, "scalars by a mask of ids", {random({}), random({3}), ids({1, 0, 1}, {3})}, chosen_by);
  t.add(op, "a branch that is not finite", {random({3}, {0.5, 2})},
        [](auto& in) { return where(greater(in[0], 0.0), in[0] * in[0], like(in[0], Tensor::full({}, -INFINITY))); });
  t.add("where(Tensor, Tensor, Scalar)", "", {random({2, 3}), chosen},
        [](auto& in) { return where(in[1], in[0], 0.5); });
  t.add("where(Tensor, Scalar, Tensor)", "", {random({2, 3}), chosen},
        [](auto& in) { return where(in[1], 0.5, in[0]); });
  t.add("where(Tensor, Scalar, Scalar)", "", {random({2, 3})}, [](auto& in) {
     return where(greater(in[0], 0), 1, -0.5);
   }).differentiable = false;
  const auto filled = [](auto& in) { return masked_fill(in[0], in[1], -3.0); };
  t.add("masked_fill(Tensor, Tensor, Scalar)", "", {random({2, 3}), chosen}, filled);
  t.add("masked_fill(Tensor, Tensor, Scalar)", "one row for all", {random({2, 3}), mask({1, 0, 0}, {3})}, filled);

  const auto masks = [&](const std::string& signature, const GradcheckFunction& f) {
    t.add(signature, "", {random({2, 3}), random({3}, {}, 1)}, f).differentiable = false;
  };
  const auto compares = [&](const std::string& name, Tensor (*op)(const Operand&, const Operand&)) {
    masks(name + "(Tensor, Tensor)", [op](auto& in) { return op(in[0], in[1]); });
    masks(name + "(Tensor, Scalar)", [op](auto& in) { return op(in[0], 0.5); });
    masks(name + "(Scalar, Tensor)", [op](auto& in) { return op(0.5, in[0]); });
  };
  compares("equal", equal);
  compares("not_equal", not_equal);
  compares("less", less);
  compares("less_equal", less_equal);
  compares("greater", greater);
  compares("greater_equal", greater_equal);
  compares("logical_and", logical_and);
  compares("operator==", operator==);
  compares("operator!=", operator!=);
  compares("operator<", operator<);
  compares("operator<=", operator<=);
  compares("operator>", operator>);
  compares("operator>=", operator>=);
  compares("logical_or", logical_or);
  compares("logical_xor", logical_xor);
  masks("logical_not(Tensor)", [](auto& in) { return logical_not(in[0]); });
  masks("isnan(Tensor)", [](auto& in) { return isnan(in[0]); });
  masks("isinf(Tensor)", [](auto& in) { return isinf(in[0]); });
  masks("isfinite(Tensor)", [](auto& in) { return isfinite(in[0]); });
  masks("isclose(Tensor, Tensor, Scalar, Scalar, Flag)", [](auto& in) { return isclose(in[0], in[1], 0.1, 0.2); });
  masks("causal_mask(Integer, DType)", [](auto& in) { return causal_mask(3, in[0].dtype()); });
}

}  // namespace gradus::checks
