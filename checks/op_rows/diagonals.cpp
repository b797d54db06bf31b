#include <gradus/autograd/ops/diagonals.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_diagonals(Rows& t) {
  for (int k : {0, 1, -1}) {
    const std::string what = "diagonal " + std::to_string(k);
    t.shaped("tril(Tensor, Integer)", what, {2, 3, 4}, [k](auto& x) { return tril(x, k); });
    t.shaped("triu(Tensor, Integer)", what, {4, 3}, [k](auto& x) { return triu(x, k); });
    t.shaped("diagonal(Tensor, Integer, Integer, Integer)", what, {3, 4}, [k](auto& x) { return diagonal(x, k); });
  }
  t.vacuous("tril(Tensor, Integer)", "nothing", {random({2, 2})}, [](auto& in) { return tril(in[0], -2); });
  t.shaped("triu(Tensor, Integer)", "no elements", {2, 0}, [](auto& x) { return triu(x); });
  t.shaped("diagonal(Tensor, Integer, Integer, Integer)", "of batches", {3, 2, 3},
           [](auto& x) { return diagonal(x, 0, -1, 0); });
  t.shaped("trace(Tensor)", "", {3, 4}, [](auto& x) { return trace(x); });
}

}  // namespace gradus::checks
