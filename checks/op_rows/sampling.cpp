#include <gradus/autograd/ops/sampling.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_sampling(Rows& t) {
  const Tensor p = random({2, 3}, {0.1, 0.9});
  t.add("multinomial(Tensor, Integer, Flag)", "", {p}, [](auto& in) { return multinomial(in[0], 2); }).differentiable =
      false;
  t.add("multinomial(Tensor, Integer, Flag)", "with replacement", {p}, [](auto& in) {
     return multinomial(in[0], 5, true);
   }).differentiable = false;
  t.add("bernoulli(Tensor)", "", {p}, [](auto& in) { return bernoulli(in[0]); }).differentiable = false;
}

}  // namespace gradus::checks
