#include <gradus/autograd/ops/shape.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_shape(Rows& t) {
  t.shaped("reshape(Tensor, Shape)", "", {2, 3, 2}, [](auto& x) { return reshape(x, {3, -1}); });
  t.shaped("reshape(Tensor, Shape)", "of a scalar", {}, [](auto& x) { return reshape(x, {1, 1}); });
  t.shaped("reshape(Tensor, Shape)", "no elements", {0, 5}, [](auto& x) { return reshape(x, {3, 0}); });
  t.shaped("flatten(Tensor, Integer, Integer)", "", {2, 3, 2}, [](auto& x) { return flatten(x, 1); });
  t.shaped("flatten(Tensor, Integer, Integer)", "of a scalar", {}, [](auto& x) { return flatten(x); });
  t.shaped("squeeze(Tensor, Axes)", "", {2, 1, 3}, [](auto& x) { return squeeze(x, 1); });
  t.shaped("squeeze(Tensor, Axes)", "of a longer axis", {2, 1, 3}, [](auto& x) { return squeeze(x, 0) * 2.0; });
  t.shaped("squeeze(Tensor, Axes)", "of all axes", {1, 2, 1, 3}, [](auto& x) { return squeeze(x); });
  t.shaped("squeeze(Tensor, Axes)", "of a scalar", {}, [](auto& x) { return squeeze(x, -1) * 2.0; });
  t.shaped("unsqueeze(Tensor, Integer)", "", {2, 3}, [](auto& x) { return unsqueeze(x, -1); });
  t.shaped("transpose(Tensor, Integer, Integer)", "", {2, 3}, [](auto& x) { return transpose(x); });
  t.shaped("transpose(Tensor, Integer, Integer)", "of outer axes", {2, 3, 2},
           [](auto& x) { return transpose(x, 0, 1); });
  t.shaped("transpose(Tensor, Integer, Integer)", "of a scalar", {}, [](auto& x) { return transpose(x, 0, -1) * 2.0; });
  t.shaped("transpose(Tensor, Integer, Integer)", "no elements", {0, 3}, [](auto& x) { return transpose(x); });
  t.shaped("permute(Tensor, Axes)", "", {2, 3, 4}, [](auto& x) { return permute(x, {2, 0, 1}); });
  t.shaped("permute(Tensor, Axes)", "of a scalar", {}, [](auto& x) { return permute(x, {}); });
  t.shaped("movedim(Tensor, Axes, Axes)", "", {2, 3, 4}, [](auto& x) { return movedim(x, 0, -1); });
  t.shaped("movedim(Tensor, Axes, Axes)", "two axes", {2, 3, 4}, [](auto& x) { return movedim(x, {2, 0}, {0, 1}); });
  t.shaped("movedim(Tensor, Axes, Axes)", "of a scalar", {}, [](auto& x) { return movedim(x, 0, 0) * 2.0; });
  t.shaped("expand(Tensor, Shape)", "", {2, 1}, [](auto& x) { return expand(x, {4, 2, 3}); });
  t.shaped("expand(Tensor, Shape)", "keeping an extent", {2, 1}, [](auto& x) { return expand(x, {4, -1, 3}); });
  t.vacuous("expand(Tensor, Shape)", "to no elements", {random({3})}, [](auto& in) { return expand(in[0], {0, 3}); });
  t.shaped("sum_to(Tensor, Shape)", "", {3, 2, 4}, [](auto& x) { return sum_to(x, {2, 1}); });
  t.shaped("sum_to(Tensor, Shape)", "a scalar", {3, 2}, [](auto& x) { return sum_to(x, {}); });
}

}  // namespace gradus::checks
