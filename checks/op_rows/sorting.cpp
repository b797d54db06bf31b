#include <gradus/autograd/ops/sorting.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_sorting(Rows& t) {
  t.shaped("sort(Tensor, Integer, Flag)", "", {2, 5}, [](auto& x) { return sort(x).values; });
  t.shaped("sort(Tensor, Integer, Flag)", "descending", {4, 2}, [](auto& x) { return sort(x, 0, true).values; });
  t.shaped("sort(Tensor, Integer, Flag)", "no elements", {2, 0}, [](auto& x) { return sort(x).values; });
  t.shaped("sort(Tensor, Integer, Flag)", "of a scalar", {}, [](auto& x) { return sort(x).values * 2.0; });
  t.shaped("topk(Tensor, Integer, Integer, Flag)", "of a scalar", {}, [](auto& x) { return topk(x, 1).values * 2.0; });
  t.shaped("topk(Tensor, Integer, Integer, Flag)", "", {2, 5}, [](auto& x) { return topk(x, 2).values; });
  t.shaped("topk(Tensor, Integer, Integer, Flag)", "the smallest", {4, 2},
           [](auto& x) { return topk(x, 3, 0, false).values; });
  t.shaped("max_with_indices(Tensor, Integer, Flag)", "", {2, 3},
           [](auto& x) { return max_with_indices(x, 1).values; });
  t.shaped("max_with_indices(Tensor, Integer, Flag)", "of a scalar", {},
           [](auto& x) { return max_with_indices(x, 0).values * 2.0; });
  t.shaped("min_with_indices(Tensor, Integer, Flag)", "keeping the axis", {3, 2},
           [](auto& x) { return min_with_indices(x, 0, true).values; });
  t.add("argsort(Tensor, Integer, Flag)", "", {random({2, 3})}, [](auto& in) {
     return argsort(in[0], 0, true);
   }).differentiable = false;
}

}  // namespace gradus::checks
