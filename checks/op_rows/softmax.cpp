#include <gradus/autograd/ops/softmax.h>

#include <gradus/autograd/ops/comparison.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

namespace {

// Elements that a mask hides are -inf in log_softmax and logsumexp. Zeros replace them, so that they can be checked.
Tensor finite(const Tensor& y) { return masked_fill(y, logical_not(isfinite(y)), 0.0); }

}  // namespace

void add_softmax(Rows& t) {
  using Softmax = std::function<Tensor(const Tensor&, Index, const Tensor&)>;
  const auto rows = [&t](const std::string& op, const Softmax& f, bool keeps_shape) {
    const auto row = [&](const std::string& what, Index axis, const Tensor& m, const Tensor& x) -> Row& {
      return t.add(op, what, m.defined() ? Tensors{x, m} : Tensors{x},
                   [=](auto& in) { return f(in[0], axis, in.size() > 1 ? in[1] : Tensor()); });
    };
    row("", -1, {}, random({3, 4}));
    row("the leading axis", 0, {}, random({3, 4}));
    row("the middle axis", 1, {}, random({2, 3, 2}));
    row("a vector", 0, {}, random({5}));
    row("a scalar", 0, {}, random({})).verdict = keeps_shape ? Verdict::vacuous : Verdict::pass;
    row("longer than a vector register", -1, {}, random({2, 35}));
    row("large and far apart", -1, {}, leaf({1000, 1001, 998, -1000, -1002, -1001}, {2, 3})).f32 = 1e-4;
    row("masked", -1, mask({1, 0, 1, 1, 1, 0}, {2, 3}), random({2, 3}));
    row("one mask for all rows", -1, mask({1, 0, 1}, {3}), random({2, 3}));
    row("a row masked whole", -1, mask({1, 1, 1, 0, 0, 0}, {2, 3}), random({2, 3}));
    row("the leading axis masked", 0, mask({1, 0, 1, 1, 0, 0}, {2, 3}), random({2, 3}));
    row("all masked", -1, mask({0, 0}, {2}), random({2, 2})).verdict = Verdict::vacuous;
    row("no rows", -1, {}, random({0, 3})).verdict = Verdict::vacuous;
    if (keeps_shape) row("rows without elements", -1, {}, random({3, 0})).verdict = Verdict::vacuous;
    row("one element", -1, {}, random({2, 1})).verdict = keeps_shape ? Verdict::vacuous : Verdict::pass;
  };
  rows(
      "softmax(Tensor, Integer, Tensor)", [](auto& x, Index axis, auto& m) { return softmax(x, axis, m); }, true);
  rows(
      "log_softmax(Tensor, Integer, Tensor)",
      [](auto& x, Index axis, auto& m) { return finite(log_softmax(x, axis, m)); }, true);
  rows(
      "logsumexp(Tensor, Integer, Flag, Tensor)",
      [](auto& x, Index axis, auto& m) { return finite(logsumexp(x, axis, true, m)); }, false);
  t.shaped("logsumexp(Tensor, Integer, Flag, Tensor)", "without the axis", {3, 2},
           [](auto& x) { return logsumexp(x, 0); });
}

}  // namespace gradus::checks
