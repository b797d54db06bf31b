#include <gradus/autograd/ops/dropout.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_dropout(Rows& t) {
  t.shaped("dropout(Tensor, Scalar)", "", {3, 4}, [](auto& x) { return dropout(x, 0.4); });
  t.shaped("dropout(Tensor, Scalar)", "of nothing", {3, 4}, [](auto& x) { return dropout(x, 0) * 2.0; });
}

}  // namespace gradus::checks
