#include <gradus/autograd/ops/indexing.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_indexing(Rows& t) {
  const Tensor repeated = ids({2, 0, 2, 2}, {4}), at = ids({0, 2, 2, 1, 0, 0}, {3, 2}), table = random({4, 3});
  const auto look_up = [](auto& in) { return embedding(in[0], in[1]); };
  t.add("embedding(Tensor, Tensor, std::optional<Integer>)", "repeated ids", {table, repeated}, look_up);
  t.add("embedding(Tensor, Tensor, std::optional<Integer>)", "a batch", {table, ids({3, 0, 1, 1, 0, 2}, {2, 3})},
        look_up);
  t.add("embedding(Tensor, Tensor, std::optional<Integer>)", "one id", {table, ids({3}, {})}, look_up);
  t.vacuous("embedding(Tensor, Tensor, std::optional<Integer>)", "no ids", {table, ids({}, {0})}, look_up);
  t.add("embedding(Tensor, Tensor, std::optional<Integer>)", "a constant row as padding",
        {table, ids({0, 4, 3, 4}, {4})}, [](auto& in) {
          return embedding(concat({in[0], Tensor::ones({1, 3}, in[0].dtype())}, 0), in[1], -1);
        });
  t.add("one_hot(Tensor, Integer)", "", {repeated}, [](auto& in) { return one_hot(in[0]); }).differentiable = false;

  const auto selected = [](auto& in) { return index_select(in[0], 1, in[1]); };
  t.add("index_select(Tensor, Integer, Tensor)", "repeated", {random({2, 3, 2}), repeated}, selected);
  t.add("index_select(Tensor, Integer, Tensor)", "of a scalar", {random({}), ids({0}, {1})},
        [](auto& in) { return index_select(in[0], 0, in[1]) * 2.0; });
  t.vacuous("index_select(Tensor, Integer, Tensor)", "nothing", {random({2, 3}), ids({}, {0})}, selected);
  t.add("index_add(Tensor, Integer, Tensor, Integer)", "repeated", {random({2, 4, 2}), repeated},
        [](auto& in) { return index_add(in[0], 1, in[1], 5); });
  t.add("index_add(Tensor, Integer, Tensor, Integer)", "rows", {random({4, 2}), repeated},
        [](auto& in) { return index_add(in[0], 0, in[1], 3); });

  const auto gathered = [](auto& in) { return gather(in[0], 1, in[1]); };
  t.add("gather(Tensor, Integer, Tensor)", "repeated", {random({3, 3}), at}, gathered);
  t.add("gather(Tensor, Integer, Tensor)", "along the leading axis", {random({3, 4}), at},
        [](auto& in) { return gather(in[0], 0, in[1]); });
  t.add("gather(Tensor, Integer, Tensor)", "fewer rows", {random({3, 2}), ids({1, 1, 0}, {1, 3})}, gathered);
  t.add("gather(Tensor, Integer, Tensor)", "of a scalar", {random({}), ids({0, 0}, {2})},
        [](auto& in) { return gather(in[0], 0, in[1]); });
  t.add("gather(Tensor, Integer, Tensor)", "by a scalar", {random({3}), ids({1}, {})},
        [](auto& in) { return gather(in[0], 0, in[1]) * 2.0; });
  t.add("scatter(Tensor, Integer, Tensor, Tensor)", "repeated", {random({3, 3}), random({3, 2}, {}, 1), at},
        [](auto& in) { return scatter(in[0], 1, in[2], in[1]); });
  t.add("scatter(Tensor, Integer, Tensor, Tensor)", "fewer rows", {random({3, 4}), random({3, 2}, {}, 1), at},
        [](auto& in) { return scatter(in[0], 0, in[2], in[1]); });
  t.add("scatter(Tensor, Integer, Tensor, Tensor)", "by a scalar", {random({3}), random({}, {}, 1), ids({1}, {})},
        [](auto& in) { return scatter(in[0], 0, in[2], in[1]); });
  t.add("scatter(Tensor, Integer, Tensor, Scalar)", "", {random({3, 3}), at},
        [](auto& in) { return scatter(in[0], 1, in[1], 0.5); });
  t.add("scatter_add(Tensor, Integer, Tensor, Tensor)", "repeated", {random({3, 3}), random({3, 2}, {}, 1), at},
        [](auto& in) { return scatter_add(in[0], 1, in[2], in[1]); });
  t.add("scatter_add(Tensor, Integer, Tensor, Tensor)", "to a scalar",
        {random({}), random({2}, {}, 1), ids({0, 0}, {2})},
        [](auto& in) { return scatter_add(in[0], 0, in[2], in[1]) * 2.0; });
  t.add("scatter_add(Tensor, Integer, Tensor, Tensor)", "fewer rows", {random({3, 4}), random({3, 2}, {}, 1), at},
        [](auto& in) { return scatter_add(in[0], 0, in[2], in[1]); });
}

}  // namespace gradus::checks
