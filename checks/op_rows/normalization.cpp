#include <gradus/autograd/ops/normalization.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_normalization(Rows& t) {
  const std::string batch = "batch_norm(Tensor, Tensor, Tensor, Tensor, Tensor, Flag, Scalar, Scalar)";
  const Tensor w = random({3}, {0.5, 2}, 1), b = random({3}, {-1, 1}, 2);
  const auto training = [](auto& in) { return batch_norm(in[0], {}, {}, in[1], in[2], true); };
  t.add(batch, "training", {random({4, 3}), w, b}, training);
  t.add(batch, "training, images", {random({2, 3, 2, 2}), w, b}, training);
  t.add(batch, "training, without weight and bias", {random({3, 2, 2})},
        [](auto& in) { return batch_norm(in[0], {}, {}, {}, {}, true, 0.1, 0.3); });
  t.add(batch, "training, without bias", {random({3, 3}), w},
        [](auto& in) { return batch_norm(in[0], {}, {}, in[1], {}, true); });
  t.add(batch, "training, without weight", {random({3, 3}), b},
        [](auto& in) { return batch_norm(in[0], {}, {}, {}, in[1], true); });
  const auto running = [](const Tensors& in) {
    const Tensor mean = like(in[0], leaf({0.5, -1, 2}, {3}).detach()),
                 var = like(in[0], leaf({0.5, 1, 2}, {3}).detach());
    return batch_norm(in[0], mean, var, in.size() > 1 ? in[1] : Tensor(), in.size() > 2 ? in[2] : Tensor());
  };
  t.add(batch, "running statistics", {random({2, 3}), w, b}, running);
  t.add(batch, "running statistics, images", {random({2, 3, 2, 2}), w, b}, running);
  t.add(batch, "running statistics, without weight and bias", {random({2, 3, 2})}, running);
  t.vacuous(batch, "no images", {random({0, 3, 2, 2}), w, b}, running);

  const std::string group = "group_norm(Tensor, Integer, Tensor, Tensor, Scalar)";
  const Tensor w4 = random({4}, {0.5, 2}, 1), b4 = random({4}, {-1, 1}, 2);
  t.add(group, "", {random({2, 4, 3}), w4, b4}, [](auto& in) { return group_norm(in[0], 2, in[1], in[2]); });
  t.add(group, "a group per channel", {random({1, 4, 2, 2}), w4, b4},
        [](auto& in) { return group_norm(in[0], 4, in[1], in[2], 0.1); });
  t.add(group, "without bias", {random({2, 4}), w4}, [](auto& in) { return group_norm(in[0], 1, in[1]); });
  t.add(group, "without weight", {random({2, 4}), b4}, [](auto& in) { return group_norm(in[0], 1, {}, in[1]); });
  t.add(group, "without weight and bias", {random({2, 4, 2})}, [](auto& in) { return group_norm(in[0], 2); });
  t.vacuous(group, "no images", {random({0, 4, 2}), w4, b4},
            [](auto& in) { return group_norm(in[0], 2, in[1], in[2]); });
}

}  // namespace gradus::checks
