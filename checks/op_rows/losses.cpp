#include <gradus/autograd/ops/losses.h>

#include <gradus/autograd/ops/arithmetic.h>
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
        Tensors inputs{logits, target};
        if (weighted) inputs.push_back(weight);
        t.add(op, name + (weighted ? ", weighted" : "") + ", smoothing " + std::to_string(smoothing), inputs,
              [=, r = reduction](auto& in) {
                const Tensor w = weighted ? in[2] : Tensor();
                return cross_entropy(in[0], in[1], {.weight = w, .label_smoothing = smoothing, .reduction = r});
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

  const Tensor soft = random({4, 3}, {0.1, 0.9}, 1);
  for (const auto& [reduction, name] : reductions) {
    for (double smoothing : {0.0, 0.1}) {
      t.add(op, "probabilities, weighted, " + name + ", smoothing " + std::to_string(smoothing), {logits, soft},
            [=, r = reduction](auto& in) {
              return cross_entropy(in[0], in[1],
                                   {.weight = like(in[0], weight), .label_smoothing = smoothing, .reduction = r});
            });
    }
    t.add("nll_loss(Tensor, Tensor, NllLossOptions)", name, {logits}, [=, r = reduction](auto& in) {
      return nll_loss(in[0], target, {.weight = like(in[0], weight), .reduction = r});
    });
  }
  t.add("nll_loss(Tensor, Tensor, NllLossOptions)", "a batch of sentences", {random({2, 2, 3})}, [](auto& in) {
    return nll_loss(in[0], ids({2, 0, 1, 1}, {2, 2}), {.ignore_index = 0});
  });
  t.vacuous("nll_loss(Tensor, Tensor, NllLossOptions)", "all ignored", {random({2, 3})}, [](auto& in) {
    return nll_loss(in[0], ids({0, 0}, {2}), {.ignore_index = 0});
  });

  const std::string bce = "binary_cross_entropy(Tensor, Tensor, BinaryCrossEntropyOptions)",
                    with_logits =
                        "binary_cross_entropy_with_logits(Tensor, Tensor, BinaryCrossEntropyWithLogitsOptions)";
  const Tensor x = random({2, 3}), y = random({2, 3}, {}, 1), p = random({2, 3}, {0.2, 0.8}),
               q = random({2, 3}, {0.2, 0.8}, 1), w = random({3}, {0.5, 2}, 2), v = random({2, 1}, {0.5, 2}, 3);
  for (const auto& [reduction, name] : reductions) {
    t.add(bce, name, {p, q},
          [r = reduction](auto& in) { return binary_cross_entropy(in[0], in[1], {.reduction = r}); });
    t.add(with_logits, name, {x, q},
          [r = reduction](auto& in) { return binary_cross_entropy_with_logits(in[0], in[1], {.reduction = r}); });
    t.add("mse_loss(Tensor, Tensor, Reduction)", name, {x, y},
          [r = reduction](auto& in) { return mse_loss(in[0], in[1], r); });
    t.add("l1_loss(Tensor, Tensor, Reduction)", name, {x, y},
          [r = reduction](auto& in) { return l1_loss(in[0], in[1], r) + mse_loss(in[0], in[1], r); });
    t.add("smooth_l1_loss(Tensor, Tensor, Reduction, Scalar)", name, {x, y},
          [r = reduction](auto& in) { return smooth_l1_loss(in[0], in[1], r, 0.7) + mse_loss(in[0], in[1], r); });
    t.add("huber_loss(Tensor, Tensor, Reduction, Scalar)", name, {x, y},
          [r = reduction](auto& in) { return huber_loss(in[0], in[1], r, 0.7) + mse_loss(in[0], in[1], r); });
  }
  t.add(bce, "weighted", {p, q, w}, [](auto& in) { return binary_cross_entropy(in[0], in[1], {.weight = in[2]}); });
  t.vacuous(bce, "no elements", {random({0, 3}), random({0, 3})},
            [](auto& in) { return binary_cross_entropy(in[0], in[1]); });
  t.add(with_logits, "weighted", {x, q, w, v}, [](auto& in) {
    return binary_cross_entropy_with_logits(in[0], in[1], {.weight = in[2], .pos_weight = in[3]});
  });
  // The rounding of losses of this size makes differences of higher orders uncertain.
  for (double logit : {-80, -20, 30, 80}) {
    t.add(with_logits, "at " + std::to_string(logit), {leaf({logit}, {1})}, [](auto& in) {
       return binary_cross_entropy_with_logits(in[0], like(in[0], mask({0.3}, {1})));
     }).order = 1;
  }
  t.kink("l1_loss(Tensor, Tensor, Reduction)", "a kink", {leaf({1, 2}, {2}), leaf({1, 1}, {2}).detach()},
         [](auto& in) { return l1_loss(in[0], in[1]); });
  t.add("smooth_l1_loss(Tensor, Tensor, Reduction, Scalar)", "beta 0", {x, y},
        [](auto& in) { return smooth_l1_loss(in[0], in[1], Reduction::sum, 0) + mse_loss(in[0], in[1]); });

  const std::string kl = "kl_div(Tensor, Tensor, Reduction, Flag)";
  for (Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum, Reduction::batchmean}) {
    const std::string name =
        reduction == Reduction::batchmean ? "batchmean" : reductions[static_cast<int>(reduction)].second;
    t.add(kl, name, {x, p}, [reduction](auto& in) { return kl_div(in[0], in[1], reduction); });
    t.add(kl, name + ", log_target", {x, y}, [reduction](auto& in) { return kl_div(in[0], in[1], reduction, true); });
  }
  t.add(kl, "a target with zeros", {random({3})}, [](auto& in) {
    return kl_div(in[0], like(in[0], mask({0, 0.4, 0.6}, {3})));
  });
}

}  // namespace gradus::checks
