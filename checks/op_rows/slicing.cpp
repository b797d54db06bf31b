#include <gradus/autograd/ops/slicing.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

namespace {

// All parts in one result, each with a factor of its own.
Tensor joined(const std::vector<Tensor>& parts) {
  Tensors flat;
  for (std::size_t i = parts.size(); i-- > 0;) flat.push_back(flatten(parts[i]) * (1.0 + static_cast<double>(i)));
  return concat(flat, 0);
}

}  // namespace

void add_slicing(Rows& t) {
  const std::string op = "narrow(Tensor, Integer, Integer, Integer)";
  t.shaped(op, "of the leading axis, a view", {4, 3}, [](auto& x) { return narrow(x, 0, 1, 2); });
  t.shaped(op, "", {3, 4}, [](auto& x) { return narrow(x, 1, 1, 2); });
  t.shaped(op, "whole", {3, 4}, [](auto& x) { return narrow(x, 1, 0, 4); });
  t.vacuous(op, "nothing", {random({3, 4})}, [](auto& in) { return narrow(in[0], 1, 2, 0); });
  t.shaped("select(Tensor, Integer, Integer)", "", {3, 2, 2}, [](auto& x) { return select(x, 1, -1); });
  const std::string slices = "slice(Tensor, Integer, Integer, Integer, Integer)";
  t.shaped(slices, "", {2, 5}, [](auto& x) { return slice(x, -1, -3, 100); });
  t.shaped(slices, "with a step", {7, 2}, [](auto& x) { return slice(x, 0, 1, -1, 2); });
  t.shaped("pad(Tensor, Integer, Integer, Integer)", "", {2, 3}, [](auto& x) { return pad(x, 1, 2, 1); });
  t.shaped("pad(Tensor, Integer, Integer, Integer)", "by nothing", {2, 3},
           [](auto& x) { return pad(x, 1, 0, 0) * 2.0; });
  t.shaped("flip(Tensor, Axes)", "", {3, 2}, [](auto& x) { return flip(x, 0); });
  t.shaped("flip(Tensor, Axes)", "two axes", {3, 2, 2}, [](auto& x) { return flip(x, {0, -1}); });
  t.shaped("flip(Tensor, Axes)", "of a scalar", {}, [](auto& x) { return flip(x, 0) * 2.0; });
  t.shaped("flip(Tensor, Axes)", "no elements", {3, 0}, [](auto& x) { return flip(x, 1); });
  t.shaped("split(Tensor, Integers, Integer)", "", {2, 4}, [](auto& x) { return joined(split(x, {1, 3, 0}, 1)); });
  t.shaped("split(Tensor, Integers, Integer)", "one size", {5, 2}, [](auto& x) { return joined(split(x, 2)); });
  t.shaped("chunk(Tensor, Integer, Integer)", "", {2, 4}, [](auto& x) { return joined(chunk(x, 2, -1)); });
  t.shaped("unbind(Tensor, Integer)", "", {2, 3}, [](auto& x) { return joined(unbind(x, 1)); });
  t.shaped("unbind(Tensor, Integer)", "one of the slices", {3, 2}, [](auto& x) { return unbind(x, 0)[1]; });
}

}  // namespace gradus::checks
