#include <gradus/autograd/ops/joining.h>

#include <gradus/autograd/ops/slicing.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_joining(Rows& t) {
  const std::string op = "concat(std::vector<Tensor>, Integer)";
  const Tensor wide = random({2, 3}), narrow_one = random({2, 1}, {}, 1), other = random({2, 3}, {}, 1);
  t.add(op, "", {wide, narrow_one}, [](auto& in) { return concat(in, 1); });
  t.add(op, "one with itself", {wide, narrow_one}, [](auto& in) { return concat({in[0], in[1], in[0]}, -1); });
  t.add(op, "with nothing", {wide}, [](auto& in) { return concat({in[0], narrow(in[0], 0, 0, 0)}, 0); });
  t.add(op, "a constant between", {random({2}), random({3}, {}, 1)}, [](auto& in) {
    return concat({in[0], Tensor::ones({1}, in[0].dtype()), in[1]}, 0);
  });
  t.add("stack(std::vector<Tensor>, Integer)", "", {wide, other}, [](auto& in) { return stack(in, 0); });
  t.add("stack(std::vector<Tensor>, Integer)", "last", {wide, other}, [](auto& in) { return stack(in, -1); });
  t.add("stack(std::vector<Tensor>, Integer)", "scalars", {random({}), random({}, {}, 1)},
        [](auto& in) { return stack(in); });
}

}  // namespace gradus::checks
