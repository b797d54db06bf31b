#include <gradus/autograd/ops/division.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_division(Rows& t) {
  t.binary("remainder(Tensor, Tensor)", "", {-2, 2}, {0.5, 1.5}, [](auto& a, auto& b) { return remainder(a, b) + b; });
  t.binary("remainder(Tensor, Tensor)", "negative", {-2, 2}, {-1.5, -0.5},
           [](auto& a, auto& b) { return remainder(a, b) + b; });
  t.binary("operator%(Tensor, Tensor)", "", {-2, 2}, {0.5, 1.5}, [](auto& a, auto& b) { return a % b + b; });
  t.unary("remainder(Tensor, Scalar)", {-2, 2}, [](auto& x) { return remainder(x, 0.7); });
  t.unary("remainder(Scalar, Tensor)", {1.3, 1.6}, [](auto& x) { return remainder(2.5, x); });
  t.unary("operator%(Tensor, Scalar)", {-2, 2}, [](auto& x) { return x % 0.7; });
  t.unary("operator%(Scalar, Tensor)", {1.3, 1.6}, [](auto& x) { return 2.5 % x; });
  const Tensors both{random({2, 3}), random({3}, {0.5, 1.5}, 1)};
  t.vacuous("floor_divide(Tensor, Tensor)", "", both, [](auto& in) { return floor_divide(in[0], in[1]); });
  t.vacuous("floor_divide(Tensor, Scalar)", "", {random({2, 3})}, [](auto& in) { return floor_divide(in[0], 0.7); });
  t.vacuous("floor_divide(Scalar, Tensor)", "", {random({3}, {0.5, 1.5})},
            [](auto& in) { return floor_divide(2.5, in[0]); });
}

}  // namespace gradus::checks
