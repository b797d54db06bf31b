#include <gradus/autograd/ops/norms.h>

#include <cmath>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_norms(Rows& t) {
  const std::string norms = "norm(Tensor, Scalar, Axes, Flag)", stds = "std(Tensor, Axes, Integer, Flag)";
  for (double p : {2.0, 1.0, 3.0, 1.5, 4.0, 0.5, -1.0, double{INFINITY}, -double{INFINITY}}) {
    const std::string what = "p = " + std::to_string(p);
    t.shaped(norms, what, {2, 3}, [p](auto& x) { return norm(x, p); });
    t.shaped(norms, what + ", of rows", {2, 3}, [p](auto& x) { return norm(x, p, 1); });
  }
  t.add(norms, "p = 0", {random({2, 3})}, [](auto& in) { return norm(in[0], 0); }).differentiable = false;
  for (double p : {2.0, 4.0})
    t.add(norms, "an element of 0, p = " + std::to_string(p), {leaf({0, 1.5, -2}, {3})},
          [p](auto& in) { return norm(in[0], p); });
  t.shaped(norms, "two axes", {2, 3, 2}, [](auto& x) { return norm(x, 2, {0, -1}); });
  t.shaped(norms, "keeping axes", {2, 3, 2}, [](auto& x) { return norm(x, 2, {0, 2}, true) * x; });
  t.shaped(norms, "of a scalar", {}, [](auto& x) { return norm(x) * x; });
  t.shaped(norms, "no elements", {0, 3}, [](auto& x) { return norm(x, 2, 0); });
  t.shaped(stds, "", {2, 3}, [](auto& x) { return gradus::std(x); });
  t.shaped(stds, "of rows", {2, 3}, [](auto& x) { return gradus::std(x, 1); });
  t.shaped(stds, "of columns, without correction", {3, 2}, [](auto& x) { return gradus::std(x, 0, 0); });
  t.shaped(stds, "keeping axes", {2, 3, 2}, [](auto& x) { return gradus::std(x, {0, 2}, 1, true) * x; });
}

}  // namespace gradus::checks
