#include <gradus/autograd/ops/copying.h>

#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

namespace {

// Converts to f64 without `to`, since an error of `to` could cancel itself.
Tensor widened(const Tensor& y) {
  return record("widen", to(y.detach(), DType::f64), {y},
                [](const Tensor& dy) { return Grads{to(dy.detach(), DType::f32)}; });
}

}  // namespace

void add_copying(Rows& t) {
  t.shaped("to(Tensor, DType)", "to f32 and back", {3},
           [](auto& x) { return to(to(x * 0.0, DType::f32), x.dtype()) + x; });
  Row& one_way = t.add("to(Tensor, DType)", "of numbers that f32 holds", {leaf({0.5, -1, 2}, {3})},
                       [](auto& in) { return widened(to(in[0], DType::f32)); });
  one_way.order = 1;  // the gradient of `widened` is not recorded
  one_way.f32 = 0;
  t.shaped("clone(Tensor)", "", {3, 2}, [](auto& x) { return clone(x); });
}

}  // namespace gradus::checks
