#include <gradus/autograd/ops/creation.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_creation(Rows& t) {
  const auto constant = [&](const std::string& signature, const GradcheckFunction& f) {
    t.add(signature, "", {random({2, 3})}, f).differentiable = false;
  };
  constant("zeros_like(Tensor)", [](auto& in) { return zeros_like(in[0]); });
  constant("ones_like(Tensor)", [](auto& in) { return ones_like(in[0]); });
  constant("full_like(Tensor, Scalar)", [](auto& in) { return full_like(in[0], -2.5); });
  constant("rand_like(Tensor)", [](auto& in) { return rand_like(in[0]); });
  constant("randn_like(Tensor)", [](auto& in) { return randn_like(in[0]); });
  constant("eye(Integer, DType)", [](auto& in) { return eye(3, in[0].dtype()); });
  constant("linspace(Scalar, Scalar, Integer, DType)", [](auto& in) { return linspace(-1, 2, 6, in[0].dtype()); });
}

}  // namespace gradus::checks
