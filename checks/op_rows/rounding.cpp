#include <gradus/autograd/ops/rounding.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_rounding(Rows& t) {
  const auto steps = [&t](const std::string& op, const Rows::Unary& f) {
    for (const Shape& shape : {Shape{2, 3}, {}, {19}, {0, 3}})
      t.vacuous(op, to_string(shape), {random(shape)}, [f](auto& in) { return f(in[0]); });
  };
  steps("floor(Tensor)", floor);
  steps("ceil(Tensor)", ceil);
  steps("round(Tensor)", round);
  steps("trunc(Tensor)", trunc);
  steps("sign(Tensor)", sign);
}

}  // namespace gradus::checks
