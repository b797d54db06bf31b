#include <gradus/autograd/ops/comparison.h>

#include <cmath>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_comparison(Rows& t) {
  const Tensor chosen = mask({1, 0, 0, 1, 0, 1}, {2, 3});
  const std::string op = "where(Tensor, Tensor, Tensor)";
  t.add(op, "", {random({2, 3}), random({2, 3}, {}, 1)}, [=](auto& in) { return where(chosen, in[0], in[1]); });
  t.add(op, "all three broadcast", {random({2, 1}), random({3}, {}, 1)},
        [rows = mask({1, 0, 1, 0}, {4, 1, 1})](auto& in) { return where(rows, in[0], in[1]); });
  t.add(op, "scalars by a mask of ids", {random({}), random({3}), ids({1, 0, 1}, {3})},
        [](auto& in) { return where(in[2], in[0], in[1]); });
  t.add(op, "a branch that is not finite", {random({3}, {0.5, 2})},
        [](auto& in) { return where(greater(in[0], 0.0), in[0] * in[0], like(in[0], Tensor::full({}, -INFINITY))); });
  t.add("masked_fill(Tensor, Tensor, double)", "", {random({2, 3})},
        [=](auto& in) { return masked_fill(in[0], chosen, -3.0); });
  t.add("masked_fill(Tensor, Tensor, double)", "one row for all", {random({2, 3})},
        [row = mask({1, 0, 0}, {3})](auto& in) { return masked_fill(in[0], row, -3.0); });

  const auto masks = [&](const std::string& signature, const GradcheckFunction& f) {
    t.add(signature, "", {random({2, 3}), random({3}, {}, 1)}, f).differentiable = false;
  };
  masks("equal(Tensor, Tensor)", [](auto& in) { return equal(in[0], in[1]); });
  masks("not_equal(Tensor, Tensor)", [](auto& in) { return not_equal(in[0], in[1]); });
  masks("less(Tensor, Tensor)", [](auto& in) { return less(in[0], in[1]); });
  masks("less_equal(Tensor, Tensor)", [](auto& in) { return less_equal(in[0], in[1]); });
  masks("greater(Tensor, Tensor)", [](auto& in) { return greater(in[0], in[1]); });
  masks("greater_equal(Tensor, Tensor)", [](auto& in) { return greater_equal(in[0], in[1]); });
  masks("equal(Tensor, double)", [](auto& in) { return equal(in[0], 0.5); });
  masks("not_equal(Tensor, double)", [](auto& in) { return not_equal(in[0], 0.5); });
  masks("less(Tensor, double)", [](auto& in) { return less(in[0], 0.5); });
  masks("greater(Tensor, double)", [](auto& in) { return greater(in[0], 0.5); });
  masks("logical_not(Tensor)", [](auto& in) { return logical_not(in[0]); });
  masks("logical_and(Tensor, Tensor)", [](auto& in) { return logical_and(in[0], in[1]); });
  masks("is_finite(Tensor)", [](auto& in) { return is_finite(in[0]); });
  masks("causal_mask(Index, DType)", [](auto& in) { return causal_mask(3, in[0].dtype()); });
}

}  // namespace gradus::checks
