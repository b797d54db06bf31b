#include <gradus/autograd/ops/matmul.h>

#include <gradus/autograd/ops/functions.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_matmul(Rows& t) {
  const std::string product = "matmul(Tensor, Tensor)";
  const auto pair = [&](const Shape& a, const Shape& b) -> Row& {
    return t.add(product, to_string(a) + " times " + to_string(b), {random(a), random(b, {}, 1)},
                 [](auto& in) { return matmul(in[0], in[1]); });
  };
  pair({2, 3}, {3, 4});
  pair({1, 1}, {1, 1});
  pair({3}, {3});
  pair({3}, {3, 2});
  pair({2, 3}, {3});
  pair({2, 2, 3}, {3});
  pair({3}, {2, 3, 2});
  pair({2, 2, 3}, {3, 2});
  pair({2, 3}, {2, 3, 2});
  pair({2, 2, 3}, {2, 3, 2});
  pair({2, 1, 2, 3}, {3, 3, 2});
  pair({1, 2, 3}, {2, 3, 1});
  pair({0, 3}, {3, 2}).verdict = Verdict::vacuous;
  pair({2, 0}, {0, 3}).verdict = Verdict::vacuous;
  pair({0, 2, 3}, {0, 3, 2}).verdict = Verdict::vacuous;
  pair({2, 2, 0}, {0, 3}).verdict = Verdict::vacuous;
  t.add(product, "a matrix with itself", {random({3, 3})}, [](auto& in) { return matmul(in[0], in[0]); });
  t.add(product, "a weight used twice", {random({2, 3}), random({3, 3}, {-1, 1}, 1)},
        [](auto& in) { return matmul(tanh(matmul(in[0], in[1])), in[1]); });
  t.add(product, "row by row", {random({5, 3}), random({3, 2}, {-1, 1}, 1)}, [](auto& in) {
    const RowInvariant rows;
    return matmul(in[0], in[1]);
  });

  const std::string op = "linear(Tensor, Tensor, Tensor)";
  const auto f = [](auto& in) { return linear(in[0], in[1], in.size() > 2 ? in[2] : Tensor()); };
  const Tensor w = random({2, 3}, {}, 1), b = random({2}, {}, 2);
  t.add(op, "", {random({4, 3}), w, b}, f);
  t.add(op, "without bias", {random({4, 3}), w}, f);
  t.add(op, "a vector", {random({3}), w, b}, f);
  t.add(op, "one bias per row", {random({4, 3}), w, random({4, 2}, {}, 2)}, f);
  t.add(op, "many rows and columns", {random({70, 5}), random({37, 5}, {-1, 1}, 1), random({70, 37})}, f);
  t.add(op, "a batch of rows", {random({2, 2, 3}), w, b}, f);
  t.vacuous(op, "no rows", {random({0, 3}), w, b}, f);
  t.add(op, "one weight used at every step", {random({2, 3}), random({3, 3}, {-1, 1}, 1), random({3}, {-1, 1}, 2)},
        [](auto& in) {
          Tensor h = in[0];
          for (int step = 0; step < 3; ++step) h = tanh(linear(h, in[1], in[2]));
          return h;
        });
  t.add(op, "row by row", {random({5, 3}), w, b}, [](auto& in) {
    const RowInvariant rows;
    return linear(in[0], in[1], in[2]);
  });
}

}  // namespace gradus::checks
