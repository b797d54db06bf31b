#include <gradus/autograd/ops/ctc.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_ctc(Rows& t) {
  const std::string op = "ctc_loss(Tensor, Tensor, Tensor, Tensor, CtcLossOptions)";
  const Tensor x = random({4, 3, 3}), targets = ids({1, 2, 2, 2, 1, -7}, {3, 2}), frames = ids({4, 4, 3}, {3}),
               labels = ids({2, 2, 1}, {3});
  const std::pair<Reduction, std::string> reductions[] = {
      {Reduction::none, "none"}, {Reduction::mean, "mean"}, {Reduction::sum, "sum"}};
  for (const auto& [reduction, name] : reductions) {
    t.add(op, name, {x},
          [=, r = reduction](auto& in) { return ctc_loss(in[0], targets, frames, labels, {.reduction = r}); });
  }
  t.add(op, "all labels in a row, another blank", {x}, [=](auto& in) {
    return ctc_loss(in[0], ids({0, 1, 1, 1, 0}, {5}), frames, labels, {.blank = 2});
  });
  t.add(op, "one sequence, as many frames as states need", {random({3, 2})}, [](auto& in) {
    return ctc_loss(in[0], ids({1, 1}, {2}), ids({3}, {}), ids({2}, {}));
  });
  t.add(op, "an empty target", {random({2, 1, 3})},
        [](auto& in) { return ctc_loss(in[0], ids({}, {0}), ids({2}, {1}), ids({0}, {1})); });
  t.add(op, "one target too long", {random({2, 2, 3})}, [](auto& in) {
    return ctc_loss(in[0], ids({1, 1, 2, 1}, {2, 2}), ids({2, 2}, {2}), ids({2, 2}, {2}), {.zero_infinity = true});
  });
  t.vacuous(op, "no frames", {random({0, 1, 3})},
            [](auto& in) { return ctc_loss(in[0], ids({}, {0}), ids({0}, {1}), ids({0}, {1})); });
  t.vacuous(op, "no sequences", {random({2, 0, 3})},
            [](auto& in) { return ctc_loss(in[0], ids({}, {0}), ids({}, {0}), ids({}, {0})); });
}

}  // namespace gradus::checks
