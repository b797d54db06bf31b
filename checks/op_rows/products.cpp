#include <gradus/autograd/ops/products.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_products(Rows& t) {
  const std::string prods = "prod(Tensor, Axes, Flag)", running = "cumprod(Tensor, Integer)";
  const auto of_all = [](auto& in) { return prod(in[0]); };
  const auto running_of_all = [](auto& in) { return cumprod(in[0], 0); };
  t.shaped(prods, "", {2, 3}, [](auto& x) { return prod(x); });
  t.shaped(prods, "of rows", {2, 3}, [](auto& x) { return prod(x, 1); });
  t.shaped(prods, "of columns, keeping axes", {3, 2}, [](auto& x) { return prod(x, 0, true); });
  t.shaped(prods, "two axes", {2, 3, 2}, [](auto& x) { return prod(x, {0, -1}); });
  t.shaped(prods, "of a scalar", {}, [](auto& x) { return prod(x); });
  t.shaped(prods, "over no elements", {0, 3}, [](auto& x) { return prod(x, 0); });
  t.add(prods, "one element of 0", {leaf({2, 0, 3, 0.5}, {4})}, of_all);
  t.add(prods, "two elements of 0", {leaf({2, 0, 3, 0}, {2, 2})}, [](auto& in) { return prod(in[0], 0); });
  t.shaped(running, "", {2, 4}, [](auto& x) { return cumprod(x, -1); });
  t.shaped(running, "of the leading axis", {4, 2}, [](auto& x) { return cumprod(x, 0); });
  t.shaped(running, "of a scalar", {}, [](auto& x) { return cumprod(x, -1); });
  t.shaped(running, "no elements", {0, 2}, [](auto& x) { return cumprod(x, 0); });
  t.add(running, "one element of 0", {leaf({2, 0, 3, 0.5}, {4})}, running_of_all);
  t.add(running, "two elements of 0", {leaf({2, 0, 3, 0, 1.5}, {5})}, running_of_all);
}

}  // namespace gradus::checks
