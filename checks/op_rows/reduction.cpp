#include <gradus/autograd/ops/reduction.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_reduction(Rows& t) {
  const std::string sums = "sum(Tensor, Axes, Flag)", means = "mean(Tensor, Axes, Flag)",
                    vars = "var(Tensor, Axes, Integer, Flag)", maxima = "max(Tensor, Axes, Flag)",
                    minima = "min(Tensor, Axes, Flag)";
  for (const std::vector<Index>& axes : {std::vector<Index>{}, {0}, {1}, {-1}, {0, 2}, {1, 2}, {0, 1, 2}}) {
    for (bool keep : {false, true}) {
      std::string what = keep ? "keeping axes" : "axes";
      for (Index a : axes) what += " " + std::to_string(a);
      t.shaped(sums, what, {2, 3, 2}, [=](auto& x) { return sum(x, axes, keep); });
      t.shaped(means, what, {2, 3, 2}, [=](auto& x) { return mean(x, axes, keep); });
      t.shaped(vars, what, {2, 3, 2}, [=](auto& x) { return var(x, axes, 1, keep); });
      t.shaped(maxima, what, {2, 3, 2}, [=](auto& x) { return max(x, axes, keep); });
      t.shaped(minima, what, {2, 3, 2}, [=](auto& x) { return min(x, axes, keep); });
    }
  }
  t.shaped(sums, "of a scalar", {}, [](auto& x) { return sum(x); });
  t.shaped(sums, "of a scalar's axis", {}, [](auto& x) { return sum(x, {-1}, true); });
  t.shaped(sums, "over an axis of one", {3, 1}, [](auto& x) { return sum(x, {1}); });
  t.shaped(sums, "over no elements", {0, 3}, [](auto& x) { return sum(x, {0}); });
  t.shaped(sums, "of many", {2, 700}, [](auto& x) { return sum(x, {1}); });
  t.shaped(means, "of a scalar", {}, [](auto& x) { return mean(x, {0}); });
  t.shaped(vars, "without correction", {2, 3}, [](auto& x) { return var(x, {1}, 0); });
  t.shaped(vars, "of one, without correction", {2, 1}, [](auto& x) { return var(x, {1}, 0) + x; });
  t.shaped(maxima, "of a scalar", {}, [](auto& x) { return max(x, {0}); });
  t.shaped(maxima, "of one", {2, 1}, [](auto& x) { return max(x, {1}); });
  t.shaped(maxima, "of rows without elements", {0, 2}, [](auto& x) { return max(x, {1}); });
  t.kink(maxima, "ties", {leaf({1, 3, 3, 0, 1, 2}, {2, 3})}, [](auto& in) { return max(in[0], {1}); });
  t.kink(minima, "ties", {leaf({1, 0, 3, 0, 1, 2}, {2, 3})}, [](auto& in) { return min(in[0]); });
  t.shaped("cumsum(Tensor, Integer)", "", {2, 4}, [](auto& x) { return cumsum(x, 1); });
  t.shaped("cumsum(Tensor, Integer)", "of the leading axis", {4, 2}, [](auto& x) { return cumsum(x, 0); });
  t.shaped("cumsum(Tensor, Integer)", "of a scalar", {}, [](auto& x) { return cumsum(x, 0) * 2.0; });
  t.shaped("cumsum(Tensor, Integer)", "no elements", {0, 2}, [](auto& x) { return cumsum(x, 0); });
  const auto constant = [&](const std::string& signature, const GradcheckFunction& f) {
    t.add(signature, "", {random({2, 3})}, f).differentiable = false;
  };
  constant("argmax(Tensor, std::optional<Integer>, Flag)", [](auto& in) { return argmax(in[0], -1); });
  constant("argmax(Tensor, std::optional<Integer>, Flag)", [](auto& in) { return argmax(in[0]); });
  constant("argmin(Tensor, std::optional<Integer>, Flag)", [](auto& in) { return argmin(in[0], 0, true); });
  constant("any(Tensor, Axes, Flag)", [](auto& in) { return any(in[0], 1); });
  constant("all(Tensor, Axes, Flag)", [](auto& in) { return all(in[0]); });
  constant("count_nonzero(Tensor, Axes)", [](auto& in) { return count_nonzero(in[0], 0); });
}

}  // namespace gradus::checks
