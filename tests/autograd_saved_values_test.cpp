// Overwriting a value between forward and backward, for every op: an error that names the write, or the gradient of a
// run without the write. The values are those of the row's inputs, of all other tensors that its ops read, and of its
// result.
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/observer.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/checks/op_table.h>

#include "catch.h"
#include "leaf.h"

namespace gradus::autograd_saved_values_test {

using Catch::Matchers::ContainsSubstring;
using checks::Row;
using Tensors = std::vector<Tensor>;

namespace {

// The storages that ops read, and handles that keep them alive.
struct Reads final : Observer {
  std::map<const Storage*, Tensor> tensors;
  void on_value(const OpName&, const Tensor&, std::span<const Input> inputs) override {
    for (const Input& in : inputs) tensors.emplace(in.tensor->storage().get(), in.tensor->detach());
  }
};

Tensors fresh_inputs(const Row& row) {
  Tensors in;
  for (const Tensor& t : row.inputs) {
    Tensor x = clone(t.detach());
    in.push_back(t.requires_grad() ? x.set_requires_grad() : x);
  }
  return in;
}

Tensor value_of(const Row& row, const Tensors& in) {
  const RandomScope scope(3, 0);
  return row.f(in);
}

// The tensors that the row's function captured: its ops read them in both of two runs, and they are no inputs.
Tensors captured_by(const Row& row) {
  const Tensors in = fresh_inputs(row);
  Reads first, second;
  for (Reads* reads : {&first, &second}) {
    const ObserverScope scope(reads);
    value_of(row, in);
  }
  Tensors captured;
  for (const auto& [storage, tensor] : first.tensors) {
    bool given = false;
    for (const Tensor& t : in) given = given || t.storage().get() == storage;
    if (!given && second.tensors.count(storage) == 1) captured.push_back(tensor);
  }
  return captured;
}

// Σ w y with w = 1, 1.25, ..
Tensor weighted(const Tensor& y) {
  std::vector<double> w;
  for (Index i = 0; i < y.numel(); ++i) w.push_back(1.0 + 0.25 * static_cast<double>(i % 7));
  return sum(y * to(Tensor::from(w, y.shape()), y.dtype()));
}

Tensors leaves_of(const Tensors& in) {
  Tensors leaves;
  for (const Tensor& t : in)
    if (t.requires_grad()) leaves.push_back(t);
  return leaves;
}

// The gradient of order 1 or 2, where `write` runs before the last backward.
template <class Write>
Tensors gradients(const Row& row, const Tensors& in, int order, Write write) {
  const Tensor y = value_of(row, in);
  Tensor loss = weighted(y);
  const Tensors leaves = leaves_of(in);
  if (order == 2) {
    Tensor next = Tensor::zeros({}, DType::f64);
    for (const Tensor& g : grad({loss}, leaves, {.create_graph = true, .allow_unused = true}))
      if (g.defined() && g.requires_grad()) next = next + weighted(g);
    if (!next.requires_grad()) return {};
    loss = next;
  }
  write(y);
  return grad({loss}, leaves, {.allow_unused = true});
}

std::vector<double> numbers(const Tensor& t) {
  return t.defined() ? to(t.detach(), DType::f64).to_vector<double>() : std::vector<double>();
}

// Other values of the same dtype; ids stay valid if they were 0 or above.
void overwrite(Tensor t) {
  dispatch(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* p = t.mutable_data<T>();
    for (Index i = 0; i < t.numel(); ++i) p[i] = std::is_same_v<T, Index> ? T(p[i] == 0) : p[i] * 2 + 1;
  });
}
void restore(Tensor t, const Tensor& values) {
  dispatch(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::copy_n(values.data<T>(), t.numel(), t.mutable_data<T>());
  });
}

bool same(const Tensors& a, const Tensors& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto x = numbers(a[i]), y = numbers(b[i]);
    if (x.size() != y.size()) return false;
    for (std::size_t k = 0; k < x.size(); ++k)
      if (x[k] != y[k] && (x[k] == x[k] || y[k] == y[k])) return false;
  }
  return true;
}

// Runs the row with a write to `target(inputs, result)` and compares with `expected`.
template <class Target>
void check_write(const Row& row, int order, const Tensors& expected, const std::string& what, Target target) {
  INFO(row.op << ", " << row.what << ": a write to " << what << ", order " << order);
  const Tensors in = fresh_inputs(row);
  Tensor written, before;
  try {
    const Tensors found = gradients(row, in, order, [&](const Tensor& y) {
      written = target(in, y).detach();
      before = clone(written);
      overwrite(written);
    });
    CHECK(same(found, expected));
  } catch (const Error& e) {
    CHECK_THAT(e.what(),
               ContainsSubstring("was overwritten at") && ContainsSubstring("autograd_saved_values_test.cpp"));
  }
  if (written.defined()) restore(written, before);
}

}  // namespace

TEST_CASE("every op: a write to any value before backward is an error that names the place, or changes no gradient") {
  for (const Row& row : checks::ops()) {
    if (!row.differentiable) continue;
    const Tensors captured = captured_by(row);
    for (int order = 1; order <= std::min(2, checks::order_of(row)); ++order) {
      const Tensors expected = gradients(row, fresh_inputs(row), order, [](const Tensor&) {});
      for (std::size_t i = 0; i < row.inputs.size(); ++i) {
        check_write(row, order, expected, "input " + std::to_string(i),
                    [i](const Tensors& in, const Tensor&) { return in[i]; });
      }
      for (const Tensor& t : captured)
        check_write(row, order, expected, "a captured " + describe(t), [&](auto&, auto&) { return t; });
      check_write(row, order, expected, "the result", [](const Tensors&, const Tensor& y) { return y; });
    }
  }
}

TEST_CASE("regression: ids, targets and class weights written before backward gave wrong gradients or crashed") {
  const auto refused = [](const std::string& op, const Tensor& loss, Tensor written, auto value) {
    written.mutable_data<decltype(value)>()[0] = value;
    INFO(op);
    CHECK_THROWS_WITH(loss.backward(), ContainsSubstring("backward of '" + op + "'") &&
                                           ContainsSubstring("overwritten at") &&
                                           ContainsSubstring("autograd_saved_values_test.cpp"));
  };
  const Tensor table = leaf({1, 2, 3, 4, 5, 6}, {3, 2}), x = leaf({1, 2, 3, 4, 5, 6}, {2, 3});
  const auto ids = [] { return Tensor::from<Index>({1, 0}, {2}); };
  const auto at = [] { return Tensor::from<Index>({1, 0}, {2, 1}); };
  const Index far = 1'000'000'000;
  Tensor index = ids(), places = at(), weight = Tensor::ones({3}, DType::f64);
  refused("embedding", sum(embedding(table, index)), index, far);
  index = ids();
  refused("index_select", sum(index_select(x, 0, index)), index, far);
  index = ids();
  refused("index_add", sum(index_add(x, 0, index, 2)), index, far);
  refused("gather", sum(gather(x, 1, places)), places, far);
  places = at();
  refused("scatter_add", sum(scatter_add(x, 1, places, leaf({1, 2}, {2, 1}))), places, far);
  index = ids();
  refused("cross_entropy", cross_entropy(x, index), index, Index{2});
  index = ids();
  refused("cross_entropy", cross_entropy(x, index, {.weight = weight}), weight, 3.0);
  Tensor chosen = Tensor::from<Index>({1, 0, 1}, {3});
  refused("where", sum(where(chosen, x, x)), chosen, Index{0});
}

TEST_CASE("overwriting a tensor that a checkpointed function read is an error") {
  const Tensor x = leaf({1, 2}, {2});
  for (const bool view : {false, true}) {
    Tensor scale = Tensor::from<double>({3, 4}, {2}), weight = leaf({5, 6}, {2});
    const auto f = [=](const Tensors& in) { return in[0] * (view ? narrow(scale, 0, 0, 2) : scale) * weight; };
    const Tensor y = sum(checkpoint(f, {x}));
    y.backward({.retain_graph = true});
    scale.mutable_data<double>()[0] = 1;
    CHECK_THROWS_WITH(y.backward(), ContainsSubstring("'checkpoint'") && ContainsSubstring("overwritten"));
    const Tensor z = sum(checkpoint(f, {x}));
    weight.mutable_data<double>()[0] = 1;
    CHECK_THROWS_WITH(z.backward(), ContainsSubstring("'checkpoint'") && ContainsSubstring("overwritten"));
  }
}

TEST_CASE("regression: overwriting a tensor that a checkpointed function only compared gave a wrong gradient") {
  const Tensor x = leaf({1, 2}, {2});
  const std::map<std::string, std::function<Tensor(const Tensor&)>> masks{
      {"not_equal", [](const Tensor& ids) { return to(ids != 0, DType::f64); }},
      {"logical_not", [](const Tensor& ids) { return to(logical_not(ids), DType::f64); }},
      {"logical_and", [](const Tensor& ids) { return to(logical_and(ids, Tensor::ones({2})), DType::f64); }},
      {"isnan", [](const Tensor& ids) { return to(isnan(to(ids, DType::f64)), DType::f64); }},
      {"to", [](const Tensor& ids) { return to(ids, DType::f64); }},
      {"integer arithmetic", [](const Tensor& ids) { return to(abs(ids * 2 + 1), DType::f64); }},
      {"argmax", [](const Tensor& ids) { return to(argmax(ids, 0), DType::f64); }},
      {"argsort", [](const Tensor& ids) { return to(argsort(ids), DType::f64); }},
      {"one_hot", [](const Tensor& ids) { return to(select(one_hot(ids, 3), 1, 1), DType::f64); }},
  };
  for (const auto& [name, mask] : masks) {
    INFO(name);
    Tensor ids = Tensor::from({1, 0});
    const Tensor y = sum(checkpoint([mask = mask, ids](const Tensors& in) { return in[0] * mask(ids); }, {x}));
    y.backward({.retain_graph = true});
    ids.mutable_data<Index>()[0] = 0;
    CHECK_THROWS_WITH(y.backward(), ContainsSubstring("'checkpoint'") && ContainsSubstring("overwritten"));
  }
}

TEST_CASE("moving a tensor into bytes that a backward needs is an error, and so is moving it into a result") {
  const Tensor x = leaf({3, 4});
  const Tensor h = x * 2.0, home = h.detach(), y = sum(h * h);
  Tensor moved = leaf({100, 100});
  CHECK_THROWS_WITH(moved.move_into(h),
                    ContainsSubstring("is the result of 'mul'") && ContainsSubstring("autograd_saved_values_test.cpp"));
  CHECK(h.to_vector<double>() == std::vector<double>{6, 8});
  moved.move_into(home);
  CHECK(moved.storage() == home.storage());
  CHECK_THROWS_WITH(y.backward(),
                    ContainsSubstring("overwritten at") && ContainsSubstring("autograd_saved_values_test.cpp"));
  const Tensor bytes = Tensor::arange(8, DType::f32);
  Tensor part = bytes.alias({6});
  part.move_into(bytes.alias({6}, 2));
  CHECK(part.to_vector<float>() == std::vector<float>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("a checkpointed function may write to tensors of its own") {
  const Tensor x = leaf({1, 2}, {2});
  const auto f = [](const Tensors& in) {
    Tensor scale = Tensor::ones({2}, DType::f64);
    const Tensor first = in[0] + scale;
    scale.mutable_data<double>()[0] = 3;
    return first + scale;
  };
  sum(checkpoint(f, {x})).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{1, 1});
}

}  // namespace gradus::autograd_saved_values_test
