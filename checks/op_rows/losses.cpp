#include <gradus/autograd/ops/losses.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_losses(Rows& t) {
  const std::string op = "cross_entropy(Tensor, Tensor, CrossEntropyOptions)";
  const Tensor logits = random({4, 3}), target = ids({2, 0, -100, 1}, {4}), weight = mask({0.5, 2, 1.2}, {3});
  const std::pair<Reduction, std::string> reductions[] = {
      {Reduction::none, "none"}, {Reduction::mean, "mean"}, {Reduction::sum, "sum"}};
  for (const auto& [reduction, name] : reductions) {
    for (double smoothing : {0.0, 0.1, 1.0}) {
      for (bool weighted : {false, true}) {
        t.add(op, name + (weighted ? ", weighted" : "") + ", smoothing " + std::to_string(smoothing), {logits},
              [=, r = reduction](auto& in) {
                const Tensor w = weighted ? like(in[0], weight) : Tensor();
                return cross_entropy(in[0], target, {.weight = w, .label_smoothing = smoothing, .reduction = r});
              });
      }
    }
  }
  t.add(op, "a batch of sentences", {random({2, 2, 3}), ids({2, 0, 1, 1}, {2, 2})},
        [](auto& in) { return cross_entropy(in[0], in[1], {.ignore_index = 0}); });
  t.vacuous(op, "all ignored", {random({2, 3}), ids({0, 0}, {2})},
            [](auto& in) { return cross_entropy(in[0], in[1], {.ignore_index = 0}); });
  t.vacuous(op, "one class", {random({2, 1}), ids({0, 0}, {2})}, [](auto& in) { return cross_entropy(in[0], in[1]); });
  t.vacuous(op, "no rows", {random({0, 3}), ids({}, {0})}, [](auto& in) { return cross_entropy(in[0], in[1]); });
  t.add(op, "large and far apart", {leaf({1000, 1001, 998, -1000, -1002, -1001}, {2, 3}), ids({2, 0}, {2})},
        [](auto& in) { return cross_entropy(in[0], in[1], {.reduction = Reduction::none}); })
      .f32 = 1e-4;
  for (const auto& [reduction, name] : reductions) {
    t.add("mse_loss(Tensor, Tensor, Reduction)", name, {random({2, 3}), random({2, 3}, {}, 1)},
          [r = reduction](auto& in) { return mse_loss(in[0], in[1], r); });
  }
}

}  // namespace gradus::checks
