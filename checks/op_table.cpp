#include <gradus/checks/op_table.h>

#include <cmath>

#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

namespace gradus::table {

namespace {

using Tensors = std::vector<Tensor>;

/// Uniform numbers, the same for the same arguments; require a gradient.
Tensor random(const Shape& shape, double low = -2, double high = 2, std::uint64_t stream = 0) {
  return Tensor::uniform(shape, low, high, Philox(20, stream), DType::f64).set_requires_grad();
}
Tensor leaf(const std::vector<double>& values, const Shape& shape) {
  return Tensor::from(values, shape).set_requires_grad();
}
Tensor ids(const std::vector<Index>& values, const Shape& shape) { return Tensor::from(values, shape); }
Tensor mask(const std::vector<double>& values, const Shape& shape) { return Tensor::from(values, shape); }
/// Values as they are, in the dtype of another tensor.
Tensor like(const Tensor& x, const Tensor& values) { return to(values, x.dtype()); }

class Table {
 public:
  std::vector<Row> rows;

  Row& add(const std::string& op, const std::string& what, GradcheckFunction f, Tensors inputs) {
    rows.push_back({op, what, std::move(f), std::move(inputs)});
    return rows.back();
  }

  void unary(const std::string& op, const std::string& what, const std::function<Tensor(const Tensor&)>& f, double low,
             double high, Verdict verdict = Verdict::pass) {
    auto apply = [f](const Tensors& in) { return f(in[0]); };
    add(op, what, apply, {random({2, 3}, low, high)}).verdict = verdict;
    add(op, what + ", a scalar", apply, {random({}, low, high, 1)}).verdict = verdict;
    add(op, what + ", one element", apply, {random({1, 1}, low, high, 2)}).verdict = verdict;
    add(op, what + ", longer than a vector register", apply, {random({19}, low, high, 3)}).verdict = verdict;
    add(op, what + ", no elements", apply, {random({0, 3})}).verdict = Verdict::vacuous;
  }

  void extreme(const std::string& op, const std::function<Tensor(const Tensor&)>& f, const std::vector<double>& values,
               double f32 = 2e-6) {
    // Element by element, so that large derivatives do not hide small ones.
    for (double v : values)
      add(op, "at " + std::to_string(v), [f](const Tensors& in) { return f(in[0]); }, {leaf({v}, {1})}).f32 = f32;
  }

  void binary(const std::string& op, const std::string& what,
              const std::function<Tensor(const Tensor&, const Tensor&)>& f, double low = -2, double high = 2,
              double low_b = -2, double high_b = 2) {
    auto apply = [f](const Tensors& in) { return f(in[0], in[1]); };
    auto pair = [&](const Shape& a, const Shape& b) {
      add(op, what + " " + to_string(a) + " with " + to_string(b), apply,
          {random(a, low, high), random(b, low_b, high_b, 1)});
    };
    pair({2, 3}, {2, 3});
    pair({2, 3}, {3});
    pair({2, 1, 3}, {4, 1});
    pair({}, {2, 2});
    pair({1}, {1});
    pair({0, 3}, {3});
    rows.back().verdict = Verdict::vacuous;
    if (low == low_b && high == high_b)
      add(op, what + " of a tensor with itself", [f](const Tensors& in) { return f(in[0], in[0]) + in[0]; },
          {random({2, 2}, low, high)});
  }
};

void arithmetic_rows(Table& t) {
  t.binary("add(Tensor, Tensor)", "", [](auto& a, auto& b) { return add(a, b); });
  t.binary("sub(Tensor, Tensor)", "", [](auto& a, auto& b) { return sub(a, b); });
  t.binary("mul(Tensor, Tensor)", "", [](auto& a, auto& b) { return mul(a, b); });
  t.binary(
      "div(Tensor, Tensor)", "", [](auto& a, auto& b) { return div(a, b); }, -2, 2, 0.5, 2);
  t.binary(
      "div(Tensor, Tensor)", "by negative numbers", [](auto& a, auto& b) { return div(a, b); }, -2, 2, -2, -0.5);
  t.binary("operator+(Tensor, Tensor)", "", [](auto& a, auto& b) { return a + b; });
  t.binary("operator-(Tensor, Tensor)", "", [](auto& a, auto& b) { return a - b; });
  t.binary("operator*(Tensor, Tensor)", "", [](auto& a, auto& b) { return a * b; });
  t.binary(
      "operator/(Tensor, Tensor)", "", [](auto& a, auto& b) { return a / b; }, -2, 2, 0.5, 2);
  t.binary("add_scaled(Tensor, Tensor, double)", "", [](auto& a, auto& b) { return add_scaled(a, b, -0.7); });
  t.binary("minimum(Tensor, Tensor)", "", [](auto& a, auto& b) { return minimum(a, b) + a * 0.3 + b * 0.1; });
  t.binary("maximum(Tensor, Tensor)", "", [](auto& a, auto& b) { return maximum(a, b) + a * 0.3 + b * 0.1; });
  t.binary(
      "pow(Tensor, Tensor)", "", [](auto& a, auto& b) { return pow(a, b); }, 0.3, 2);
  t.unary(
      "add(Tensor, double)", "", [](auto& x) { return add(x, 0.3); }, -2, 2);
  t.unary(
      "mul(Tensor, double)", "", [](auto& x) { return mul(x, -0.3); }, -2, 2);
  t.unary(
      "neg(Tensor)", "", [](auto& x) { return neg(x); }, -2, 2);
  t.unary(
      "operator-(Tensor)", "", [](auto& x) { return -x; }, -2, 2);
  t.unary(
      "operator+(Tensor, double)", "", [](auto& x) { return x + 0.3; }, -2, 2);
  t.unary(
      "operator-(Tensor, double)", "", [](auto& x) { return x - 0.3; }, -2, 2);
  t.unary(
      "operator*(Tensor, double)", "", [](auto& x) { return x * 0.3; }, -2, 2);
  t.unary(
      "operator/(Tensor, double)", "", [](auto& x) { return x / 0.3; }, -2, 2);
  t.unary(
      "operator+(double, Tensor)", "", [](auto& x) { return 0.3 + x; }, -2, 2);
  t.unary(
      "operator-(double, Tensor)", "", [](auto& x) { return 0.3 - x; }, -2, 2);
  t.unary(
      "operator*(double, Tensor)", "", [](auto& x) { return 0.3 * x; }, -2, 2);
  t.unary(
      "operator/(double, Tensor)", "", [](auto& x) { return 0.3 / x; }, 0.3, 2);
  t.unary(
      "square(Tensor)", "", [](auto& x) { return square(x); }, -2, 2);
  for (double b : {3.0, 1.0, 2.0, -1.0, 0.5, -1.5, 2.5})
    t.unary(
        "pow(Tensor, double)", "to the " + std::to_string(b), [b](auto& x) { return pow(x, b); }, 0.3, 2);
  t.unary(
      "pow(Tensor, double)", "of negative numbers to a whole one", [](auto& x) { return pow(x, 3.0); }, -2, -0.2);
  t.unary(
      "pow(Tensor, double)", "to the 0", [](auto& x) { return pow(x, 0.0); }, 0.3, 2, Verdict::vacuous);
  t.add("pow(Tensor, Tensor)", "of negative numbers to whole ones",
        [](const Tensors& in) {
          return pow(in[0], like(in[0], mask({2, 3, -1, 0}, {4})));
        },
        {leaf({-1.5, -0.4, -2, -3}, {4})});
  t.add("maximum(Tensor, Tensor)", "a tie", [](const Tensors& in) { return maximum(in[0], in[1]); },
        {leaf({1, 2}, {2}), leaf({1, 3}, {2})})
      .verdict = Verdict::kink;
  t.add("minimum(Tensor, Tensor)", "a tie", [](const Tensors& in) { return minimum(in[0], in[1]); },
        {leaf({1, 2}, {2}), leaf({1, 3}, {2})})
      .verdict = Verdict::kink;
}

void function_rows(Table& t) {
  auto exact = [](auto& x) { return gelu(x); };
  auto by_tanh = [](auto& x) { return gelu(x, Gelu::tanh); };
  t.unary(
      "exp(Tensor)", "", [](auto& x) { return exp(x); }, -2, 2);
  t.unary(
      "expm1(Tensor)", "", [](auto& x) { return expm1(x); }, -2, 2);
  t.unary(
      "log(Tensor)", "", [](auto& x) { return log(x); }, 0.3, 3);
  t.unary(
      "log1p(Tensor)", "", [](auto& x) { return log1p(x); }, -0.6, 3);
  t.unary(
      "sqrt(Tensor)", "", [](auto& x) { return sqrt(x); }, 0.3, 3);
  t.unary(
      "rsqrt(Tensor)", "", [](auto& x) { return rsqrt(x); }, 0.3, 3);
  t.unary(
      "reciprocal(Tensor)", "", [](auto& x) { return reciprocal(x); }, -3, -0.3);
  t.unary(
      "sin(Tensor)", "", [](auto& x) { return sin(x); }, -4, 4);
  t.unary(
      "cos(Tensor)", "", [](auto& x) { return cos(x); }, -4, 4);
  t.unary(
      "erf(Tensor)", "", [](auto& x) { return erf(x); }, -2, 2);
  t.unary(
      "tanh(Tensor)", "", [](auto& x) { return tanh(x); }, -3, 3);
  t.unary(
      "sigmoid(Tensor)", "", [](auto& x) { return sigmoid(x); }, -4, 4);
  t.unary(
      "relu(Tensor)", "", [](auto& x) { return relu(x) + x; }, -2, 2);
  t.unary("gelu(Tensor, Gelu)", "exact", exact, -3, 3);
  t.unary("gelu(Tensor, Gelu)", "by tanh", by_tanh, -3, 3);
  t.unary(
      "silu(Tensor)", "", [](auto& x) { return silu(x); }, -4, 4);
  t.unary(
      "softplus(Tensor)", "", [](auto& x) { return softplus(x); }, -4, 4);
  t.unary(
      "abs(Tensor)", "", [](auto& x) { return abs(x); }, -2, 2);
  t.unary(
      "clamp(Tensor, double, double)", "", [](auto& x) { return clamp(x, -0.5, 0.7) + x; }, -2, 2);

  t.extreme("exp(Tensor)", [](auto& x) { return exp(x); }, {-80, -30, 0, 30, 80});
  t.extreme("expm1(Tensor)", [](auto& x) { return expm1(x); }, {-1e-8, 0, 1e-8, 30});
  t.extreme("log(Tensor)", [](auto& x) { return log(x); }, {0.05, 1, 1e30});
  t.extreme("log1p(Tensor)", [](auto& x) { return log1p(x); }, {-0.95, -1e-8, 0, 1e-8, 1e30});
  t.extreme("sqrt(Tensor)", [](auto& x) { return sqrt(x); }, {0.05, 1e30});
  t.extreme("reciprocal(Tensor)", [](auto& x) { return reciprocal(x); }, {0.05, 1e4});
  t.extreme(
      "tanh(Tensor)", [](auto& x) { return tanh(x); }, {-3, -1e-8, 0, 3}, 1e-5);
  t.extreme(
      "sigmoid(Tensor)", [](auto& x) { return sigmoid(x); }, {-80, -15, 0, 7}, 1e-5);
  t.extreme("softplus(Tensor)", [](auto& x) { return softplus(x); }, {-80, -15, 0, 15, 80, 1e4});
  t.extreme("gelu(Tensor, Gelu)", exact, {-7, -5, 0, 5, 80});
  t.extreme("gelu(Tensor, Gelu)", by_tanh, {-4, 0, 4, 80});
  t.extreme("silu(Tensor)", [](auto& x) { return silu(x); }, {-80, -15, 0, 15, 80});
  auto kink = [&](const std::string& op, const GradcheckFunction& f, double x) {
    t.add(op, "a kink", f, {leaf({x, 1.0}, {2})}).verdict = Verdict::kink;
  };
  kink(
      "relu(Tensor)", [](const Tensors& in) { return relu(in[0]); }, 0);
  kink(
      "abs(Tensor)", [](const Tensors& in) { return abs(in[0]); }, 0);
  kink(
      "clamp(Tensor, double, double)", [](const Tensors& in) { return clamp(in[0], -0.5, 5); }, -0.5);

  const Tensor chosen = mask({1, 0, 0, 1, 0, 1}, {2, 3});
  t.add("where(Tensor, Tensor, Tensor)", "", [chosen](const Tensors& in) { return where(chosen, in[0], in[1]); },
        {random({2, 3}), random({2, 3}, -2, 2, 1)});
  t.add("where(Tensor, Tensor, Tensor)", "all three broadcast",
        [](const Tensors& in) {
          return where(mask({1, 0, 1, 0}, {4, 1, 1}), in[0], in[1]);
        },
        {random({2, 1}), random({3}, -2, 2, 1)});
  t.add("where(Tensor, Tensor, Tensor)", "scalars by a mask of ids",
        [](const Tensors& in) { return where(in[2], in[0], in[1]); }, {random({}), random({3}), ids({1, 0, 1}, {3})});
  t.add("where(Tensor, Tensor, Tensor)", "a branch that is not finite",
        [](const Tensors& in) {
          return where(greater(in[0], 0.0), in[0] * in[0], like(in[0], Tensor::full({}, -INFINITY)));
        },
        {random({3}, 0.5, 2)});
  t.add("masked_fill(Tensor, Tensor, double)", "",
        [chosen](const Tensors& in) { return masked_fill(in[0], chosen, -3.0); }, {random({2, 3})});
  t.add("masked_fill(Tensor, Tensor, double)", "a row for all",
        [](const Tensors& in) {
          return masked_fill(in[0], mask({1, 0, 0}, {3}), -3.0);
        },
        {random({2, 3})});
}

void mask_rows(Table& t) {
  auto row = [&](const std::string& op, const GradcheckFunction& f) {
    t.add(op, "", f, {random({2, 3}), random({3}, -2, 2, 1)}).differentiable = false;
  };
  row("equal(Tensor, Tensor)", [](const Tensors& in) { return equal(in[0], in[1]); });
  row("not_equal(Tensor, Tensor)", [](const Tensors& in) { return not_equal(in[0], in[1]); });
  row("less(Tensor, Tensor)", [](const Tensors& in) { return less(in[0], in[1]); });
  row("less_equal(Tensor, Tensor)", [](const Tensors& in) { return less_equal(in[0], in[1]); });
  row("greater(Tensor, Tensor)", [](const Tensors& in) { return greater(in[0], in[1]); });
  row("greater_equal(Tensor, Tensor)", [](const Tensors& in) { return greater_equal(in[0], in[1]); });
  row("equal(Tensor, double)", [](const Tensors& in) { return equal(in[0], 0.5); });
  row("not_equal(Tensor, double)", [](const Tensors& in) { return not_equal(in[0], 0.5); });
  row("less(Tensor, double)", [](const Tensors& in) { return less(in[0], 0.5); });
  row("greater(Tensor, double)", [](const Tensors& in) { return greater(in[0], 0.5); });
  row("logical_not(Tensor)", [](const Tensors& in) { return logical_not(in[0]); });
  row("logical_and(Tensor, Tensor)", [](const Tensors& in) { return logical_and(in[0], in[1]); });
  row("is_finite(Tensor)", [](const Tensors& in) { return is_finite(in[0]); });
  row("causal_mask(Index, DType)", [](const Tensors& in) { return causal_mask(3, in[0].dtype()); });
  row("argmax(Tensor, Index, bool)", [](const Tensors& in) { return argmax(in[0], -1); });
}

void shape_rows(Table& t) {
  auto row = [&](const std::string& op, const std::string& what, const std::function<Tensor(const Tensor&)>& f,
                 const Shape& shape) -> Row& {
    Row& r = t.add(op, what, [f](const Tensors& in) { return f(in[0]); }, {random(shape)});
    if (shape.numel() == 0) r.verdict = Verdict::vacuous;
    return r;
  };
  row("reshape(Tensor, Shape)", "", [](auto& x) { return reshape(x, {3, -1}); }, {2, 3, 2});
  row("reshape(Tensor, Shape)", "of a scalar", [](auto& x) { return reshape(x, {1, 1}); }, {});
  row("reshape(Tensor, Shape)", "no elements", [](auto& x) { return reshape(x, {3, 0}); }, {0, 5});
  row("flatten(Tensor, Index, Index)", "", [](auto& x) { return flatten(x, 1); }, {2, 3, 2});
  row("flatten(Tensor, Index, Index)", "of a scalar", [](auto& x) { return flatten(x); }, {});
  row("squeeze(Tensor, Index)", "", [](auto& x) { return squeeze(x, 1); }, {2, 1, 3});
  row("squeeze(Tensor, Index)", "of a longer axis", [](auto& x) { return squeeze(x, 0) * 2.0; }, {2, 1, 3});
  row("unsqueeze(Tensor, Index)", "", [](auto& x) { return unsqueeze(x, -1); }, {2, 3});
  row("transpose(Tensor, Index, Index)", "", [](auto& x) { return transpose(x); }, {2, 3});
  row("transpose(Tensor, Index, Index)", "of outer axes", [](auto& x) { return transpose(x, 0, 1); }, {2, 3, 2});
  row("transpose(Tensor, Index, Index)", "no elements", [](auto& x) { return transpose(x); }, {0, 3});
  row("permute(Tensor, std::vector<Index>)", "", [](auto& x) { return permute(x, {2, 0, 1}); }, {2, 3, 4});
  row("permute(Tensor, std::vector<Index>)", "of a scalar", [](auto& x) { return permute(x, {}); }, {});
  row("expand(Tensor, Shape)", "", [](auto& x) { return expand(x, {4, 2, 3}); }, {2, 1});
  row("expand(Tensor, Shape)", "keeping an extent", [](auto& x) { return expand(x, {4, -1, 3}); }, {2, 1});
  row("expand(Tensor, Shape)", "to no elements",
      [](auto& x) {
        return expand(x, {0, 3});
      },
      {3})
      .verdict = Verdict::vacuous;
  row("sum_to(Tensor, Shape)", "", [](auto& x) { return sum_to(x, {2, 1}); }, {3, 2, 4});
  row("sum_to(Tensor, Shape)", "a scalar", [](auto& x) { return sum_to(x, {}); }, {3, 2});
  row("narrow(Tensor, Index, Index, Index)", "of the leading axis, a view", [](auto& x) { return narrow(x, 0, 1, 2); },
      {4, 3});
  row("narrow(Tensor, Index, Index, Index)", "", [](auto& x) { return narrow(x, 1, 1, 2); }, {3, 4});
  row("narrow(Tensor, Index, Index, Index)", "whole", [](auto& x) { return narrow(x, 1, 0, 4); }, {3, 4});
  row("narrow(Tensor, Index, Index, Index)", "nothing", [](auto& x) { return narrow(x, 1, 2, 0); }, {3, 4}).verdict =
      Verdict::vacuous;
  row("select(Tensor, Index, Index)", "", [](auto& x) { return select(x, 1, -1); }, {3, 2, 2});
  row("slice(Tensor, Index, Index, Index)", "", [](auto& x) { return slice(x, -1, -3, 100); }, {2, 5});
  row("pad(Tensor, Index, Index, Index)", "", [](auto& x) { return pad(x, 1, 2, 1); }, {2, 3});
  row("pad(Tensor, Index, Index, Index)", "by nothing", [](auto& x) { return pad(x, 1, 0, 0) * 2.0; }, {2, 3});
  row("flip(Tensor, Index)", "", [](auto& x) { return flip(x, 0); }, {3, 2});
  row("flip(Tensor, Index)", "no elements", [](auto& x) { return flip(x, 1); }, {3, 0});
  row("to(Tensor, DType)", "by f32 and back", [](auto& x) { return to(to(x * 0.0, DType::f32), x.dtype()) + x; }, {3});
  // The way back is no `to`: the errors of two rules could cancel.
  Row& one_way = t.add("to(Tensor, DType)", "of numbers that f32 holds",
                       [](const Tensors& in) {
                         const Tensor y = to(in[0], DType::f32);
                         return record("widen", to(y.detach(), DType::f64), {y},
                                       [](const Tensor& dy) { return Grads{to(dy.detach(), DType::f32)}; });
                       },
                       {leaf({0.5, -1, 2}, {3})});
  one_way.order = 1;
  one_way.f32 = 0;
  row("clone(Tensor)", "", [](auto& x) { return clone(x); }, {3, 2});
  auto joined = [](const std::vector<Tensor>& parts) {
    Tensors flat;
    for (std::size_t i = parts.size(); i-- > 0;) flat.push_back(flatten(parts[i]) * (1.0 + static_cast<double>(i)));
    return concat(flat, 0);
  };
  row("split(Tensor, std::vector<Index>, Index)", "", [=](auto& x) { return joined(split(x, {1, 3, 0}, 1)); }, {2, 4});
  row("chunk(Tensor, Index, Index)", "", [=](auto& x) { return joined(chunk(x, 2, -1)); }, {2, 4});
  row("unbind(Tensor, Index)", "", [=](auto& x) { return joined(unbind(x, 1)); }, {2, 3});
  row("unbind(Tensor, Index)", "one of the slices", [](auto& x) { return unbind(x, 0)[1]; }, {3, 2});

  auto pair = [&](const std::string& op, const std::string& what, const GradcheckFunction& f, const Shape& a,
                  const Shape& b) {
    t.add(op, what, f, {random(a), random(b, -2, 2, 1)});
  };
  pair("concat(std::vector<Tensor>, Index)", "", [](const Tensors& in) { return concat(in, 1); }, {2, 3}, {2, 1});
  pair("concat(std::vector<Tensor>, Index)", "one with itself",
       [](const Tensors& in) {
         return concat({in[0], in[1], in[0]}, -1);
       },
       {2, 3}, {2, 1});
  t.add("concat(std::vector<Tensor>, Index)", "with nothing",
        [](const Tensors& in) {
          return concat({in[0], narrow(in[0], 0, 0, 0)}, 0);
        },
        {random({2, 3})});
  t.add("concat(std::vector<Tensor>, Index)", "a constant between",
        [](const Tensors& in) {
          return concat({in[0], Tensor::ones({1}, in[0].dtype()), in[1]}, 0);
        },
        {random({2}), random({3}, -2, 2, 1)});
  pair("stack(std::vector<Tensor>, Index)", "", [](const Tensors& in) { return stack(in, 0); }, {2, 3}, {2, 3});
  pair("stack(std::vector<Tensor>, Index)", "last", [](const Tensors& in) { return stack(in, -1); }, {2, 3}, {2, 3});
  pair("stack(std::vector<Tensor>, Index)", "scalars", [](const Tensors& in) { return stack(in); }, {}, {});
}

void index_rows(Table& t) {
  const Tensor repeated = ids({2, 0, 2, 2}, {4});
  t.add("embedding(Tensor, Tensor)", "repeated ids", [](const Tensors& in) { return embedding(in[0], in[1]); },
        {random({4, 3}), repeated});
  t.add("embedding(Tensor, Tensor)", "a batch", [](const Tensors& in) { return embedding(in[0], in[1]); },
        {random({4, 3}), ids({3, 0, 1, 1, 0, 2}, {2, 3})});
  t.add("embedding(Tensor, Tensor)", "one id", [](const Tensors& in) { return embedding(in[0], in[1]); },
        {random({4, 3}), ids({3}, {})});
  t.add("embedding(Tensor, Tensor)", "no ids", [](const Tensors& in) { return embedding(in[0], in[1]); },
        {random({4, 3}), ids({}, {0})})
      .verdict = Verdict::vacuous;
  t.add("index_select(Tensor, Index, Tensor)", "repeated",
        [](const Tensors& in) { return index_select(in[0], 1, in[1]); }, {random({2, 3, 2}), repeated});
  t.add("index_select(Tensor, Index, Tensor)", "nothing",
        [](const Tensors& in) { return index_select(in[0], 1, in[1]); }, {random({2, 3}), ids({}, {0})})
      .verdict = Verdict::vacuous;
  t.add("index_add(Tensor, Index, Tensor, Index)", "repeated",
        [](const Tensors& in) { return index_add(in[0], 1, in[1], 5); }, {random({2, 4, 2}), repeated});
  t.add("index_add(Tensor, Index, Tensor, Index)", "rows",
        [](const Tensors& in) { return index_add(in[0], 0, in[1], 3); }, {random({4, 2}), repeated});
  const Tensor at = ids({0, 2, 2, 1, 0, 0}, {3, 2});
  t.add("gather(Tensor, Index, Tensor)", "repeated", [](const Tensors& in) { return gather(in[0], 1, in[1]); },
        {random({3, 3}), at});
  t.add("gather(Tensor, Index, Tensor)", "along the leading axis",
        [](const Tensors& in) { return gather(in[0], 0, in[1]); }, {random({3, 4}), at});
  t.add("gather(Tensor, Index, Tensor)", "fewer rows", [](const Tensors& in) { return gather(in[0], 1, in[1]); },
        {random({3, 2}), ids({1, 1, 0}, {1, 3})});
  t.add("scatter_add(Tensor, Index, Tensor, Tensor)", "repeated",
        [](const Tensors& in) { return scatter_add(in[0], 1, in[2], in[1]); },
        {random({3, 3}), random({3, 2}, -2, 2, 1), at});
  t.add("scatter_add(Tensor, Index, Tensor, Tensor)", "fewer rows",
        [](const Tensors& in) { return scatter_add(in[0], 0, in[2], in[1]); },
        {random({3, 4}), random({3, 2}, -2, 2, 1), at});
}

void reduction_rows(Table& t) {
  auto row = [&](const std::string& op, const std::string& what, const std::function<Tensor(const Tensor&)>& f,
                 const Shape& shape) -> Row& {
    Row& r = t.add(op, what, [f](const Tensors& in) { return f(in[0]); }, {random(shape)});
    if (shape.numel() == 0) r.verdict = Verdict::vacuous;
    return r;
  };
  for (const std::vector<Index>& axes : {std::vector<Index>{}, {0}, {1}, {-1}, {0, 2}, {1, 2}, {0, 1, 2}})
    for (bool keep : {false, true}) {
      std::string what = keep ? "keeping axes" : "axes";
      for (Index a : axes) what += " " + std::to_string(a);
      row("sum(Tensor, std::vector<Index>, bool)", what, [=](auto& x) { return sum(x, axes, keep); }, {2, 3, 2});
      row("mean(Tensor, std::vector<Index>, bool)", what, [=](auto& x) { return mean(x, axes, keep); }, {2, 3, 2});
      row("var(Tensor, std::vector<Index>, Index, bool)", what, [=](auto& x) { return var(x, axes, 1, keep); },
          {2, 3, 2});
      row("max(Tensor, std::vector<Index>, bool)", what, [=](auto& x) { return max(x, axes, keep); }, {2, 3, 2});
      row("min(Tensor, std::vector<Index>, bool)", what, [=](auto& x) { return min(x, axes, keep); }, {2, 3, 2});
    }
  row("sum(Tensor, std::vector<Index>, bool)", "of a scalar", [](auto& x) { return sum(x); }, {});
  row("sum(Tensor, std::vector<Index>, bool)", "over an axis of one", [](auto& x) { return sum(x, {1}); }, {3, 1});
  row("sum(Tensor, std::vector<Index>, bool)", "over no elements", [](auto& x) { return sum(x, {0}); }, {0, 3});
  row("sum(Tensor, std::vector<Index>, bool)", "of many", [](auto& x) { return sum(x, {1}); }, {2, 700});
  row("mean(Tensor, std::vector<Index>, bool)", "of a scalar", [](auto& x) { return mean(x); }, {});
  row("var(Tensor, std::vector<Index>, Index, bool)", "without correction", [](auto& x) { return var(x, {1}, 0); },
      {2, 3});
  row("var(Tensor, std::vector<Index>, Index, bool)", "of one, without correction",
      [](auto& x) { return var(x, {1}, 0) + x; }, {2, 1});
  row("max(Tensor, std::vector<Index>, bool)", "of one", [](auto& x) { return max(x, {1}); }, {2, 1});
  row("max(Tensor, std::vector<Index>, bool)", "of rows without elements", [](auto& x) { return max(x, {1}); }, {0, 2});
  t.add("max(Tensor, std::vector<Index>, bool)", "ties", [](const Tensors& in) { return max(in[0], {1}); },
        {leaf({1, 3, 3, 0, 1, 2}, {2, 3})})
      .verdict = Verdict::kink;
  t.add("min(Tensor, std::vector<Index>, bool)", "ties", [](const Tensors& in) { return min(in[0]); },
        {leaf({1, 0, 3, 0, 1, 2}, {2, 3})})
      .verdict = Verdict::kink;
  row("cumsum(Tensor, Index)", "", [](auto& x) { return cumsum(x, 1); }, {2, 4});
  row("cumsum(Tensor, Index)", "of the leading axis", [](auto& x) { return cumsum(x, 0); }, {4, 2});
  row("cumsum(Tensor, Index)", "no elements", [](auto& x) { return cumsum(x, 0); }, {0, 2});
}

void softmax_rows(Table& t) {
  const std::string ops[] = {"softmax(Tensor, Index, Tensor)", "log_softmax(Tensor, Index, Tensor)",
                             "logsumexp(Tensor, Index, Tensor, bool)"};
  for (int kind = 0; kind < 3; ++kind) {
    // Absent elements of log_softmax and rows of logsumexp are -inf; they are replaced by zeros to be checked.
    auto f = [kind](const Tensor& x, Index axis, const Tensor& m) {
      if (kind == 0) return softmax(x, axis, m);
      const Tensor y = kind == 1 ? log_softmax(x, axis, m) : logsumexp(x, axis, m, true);
      return masked_fill(y, logical_not(is_finite(y)), 0.0);
    };
    auto row = [&](const std::string& what, Index axis, const Tensor& m, const Tensor& x) -> Row& {
      return t.add(ops[kind], what, [=](const Tensors& in) { return f(in[0], axis, m); }, {x});
    };
    row("", -1, {}, random({3, 4}));
    row("the leading axis", 0, {}, random({3, 4}));
    row("the middle axis", 1, {}, random({2, 3, 2}));
    row("a vector", 0, {}, random({5}));
    row("longer than a vector register", -1, {}, random({2, 35}));
    row("large and far apart", -1, {}, leaf({1000, 1001, 998, -1000, -1002, -1001}, {2, 3})).f32 = 1e-4;
    row("masked", -1, mask({1, 0, 1, 1, 1, 0}, {2, 3}), random({2, 3}));
    row("a mask for all rows", -1, mask({1, 0, 1}, {3}), random({2, 3}));
    row("a row masked whole", -1, mask({1, 1, 1, 0, 0, 0}, {2, 3}), random({2, 3}));
    row("the leading axis masked", 0, mask({1, 0, 1, 1, 0, 0}, {2, 3}), random({2, 3}));
    row("all masked", -1, mask({0, 0}, {2}), random({2, 2})).verdict = Verdict::vacuous;
    row("no rows", -1, {}, random({0, 3})).verdict = Verdict::vacuous;
    if (kind != 2) row("rows without elements", -1, {}, random({3, 0})).verdict = Verdict::vacuous;
    row("one element", -1, {}, random({2, 1})).verdict = kind == 2 ? Verdict::pass : Verdict::vacuous;
  }
  t.add(ops[2], "without the axis", [](const Tensors& in) { return logsumexp(in[0], 0); }, {random({3, 2})});
}

void product_rows(Table& t) {
  auto pair = [&](const Shape& a, const Shape& b) -> Row& {
    return t.add("matmul(Tensor, Tensor)", to_string(a) + " times " + to_string(b),
                 [](const Tensors& in) { return matmul(in[0], in[1]); }, {random(a), random(b, -2, 2, 1)});
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
  t.add("matmul(Tensor, Tensor)", "a matrix with itself", [](const Tensors& in) { return matmul(in[0], in[0]); },
        {random({3, 3})});
  t.add("matmul(Tensor, Tensor)", "a weight used twice",
        [](const Tensors& in) { return matmul(tanh(matmul(in[0], in[1])), in[1]); },
        {random({2, 3}), random({3, 3}, -1, 1, 1)});
  t.add("matmul(Tensor, Tensor)", "row by row",
        [](const Tensors& in) {
          const RowInvariant rows;
          return matmul(in[0], in[1]);
        },
        {random({5, 3}), random({3, 2}, -1, 1, 1)});

  const std::string op = "linear(Tensor, Tensor, Tensor)";
  auto linear_of = [](const Tensors& in) { return linear(in[0], in[1], in.size() > 2 ? in[2] : Tensor()); };
  const Tensor w = random({2, 3}, -2, 2, 1), b = random({2}, -2, 2, 2);
  t.add(op, "", linear_of, {random({4, 3}), w, b});
  t.add(op, "without bias", linear_of, {random({4, 3}), w});
  t.add(op, "a vector", linear_of, {random({3}), w, b});
  t.add(op, "a bias for each row", linear_of, {random({4, 3}), w, random({4, 2}, -2, 2, 2)});
  t.add(op, "many rows and columns", linear_of, {random({70, 5}), random({37, 5}, -1, 1, 1), random({70, 37})});
  t.add(op, "a batch of rows", linear_of, {random({2, 2, 3}), w, b});
  t.add(op, "no rows", linear_of, {random({0, 3}), w, b}).verdict = Verdict::vacuous;
  t.add(op, "one weight used at every step",
        [](const Tensors& in) {
          Tensor h = in[0];
          for (int step = 0; step < 3; ++step) h = tanh(linear(h, in[1], in[2]));
          return h;
        },
        {random({2, 3}), random({3, 3}, -1, 1, 1), random({3}, -1, 1, 2)});
  t.add(op, "row by row",
        [](const Tensors& in) {
          const RowInvariant rows;
          return linear(in[0], in[1], in[2]);
        },
        {random({5, 3}), w, b});
}

void attention_rows(Table& t) {
  const std::string op = "attention(Tensor, Tensor, Tensor, Index, Tensor, bool, double)",
                    weights = "attention_weights(Tensor, Tensor, Index, Tensor, bool, double)";
  auto row = [&](const std::string& what, Index heads, const Tensor& keep, bool causal, Index targets = 3,
                 Index sources = 4, double scale = 0) {
    const Tensor q = random({2, targets, 4}, -1, 1), k = random({2, sources, 4}, -1, 1, 1),
                 v = random({2, sources, 6}, -2, 2, 2);
    t.add(op, what, [=](const Tensors& in) { return attention(in[0], in[1], in[2], heads, keep, causal, scale); },
          {q, k, v});
    t.add(weights, what, [=](const Tensors& in) { return attention_weights(in[0], in[1], heads, keep, causal, scale); },
          {q, k});
    if (targets * sources == 0)
      t.rows[t.rows.size() - 1].verdict = t.rows[t.rows.size() - 2].verdict = Verdict::vacuous;
  };
  row("one head", 1, {}, false);
  row("two heads", 2, {}, false);
  row("causal", 2, {}, true);
  row("causal, more targets than sources", 1, {}, true, 4, 2);
  row("causal, fewer targets than sources", 1, {}, true, 2, 4);
  row("padding", 2, mask({1, 1, 1, 0, 1, 0, 0, 0}, {2, 4}), false);
  row("padding and causal", 1, mask({1, 1, 1, 0, 0, 1, 0, 0}, {2, 4}), true, 4, 4);
  row("a mask a query, one hidden whole", 1,
      mask({1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1}, {2, 3, 4}), false);
  row("a sentence hidden whole", 2, mask({1, 1, 0, 0, 0, 0, 0, 0}, {2, 1, 4}), false);
  row("a scale", 2, {}, false, 3, 4, 0.3);
  row("one source", 1, {}, false, 2, 1);
  t.rows.back().verdict = Verdict::vacuous;  // the weight is 1 whatever the query
  t.rows[t.rows.size() - 2].verdict = Verdict::vacuous;
  row("no targets", 1, {}, false, 0, 4);
  row("no sources", 1, {}, false, 3, 0);
  const Tensor x = random({1, 4, 4});
  t.add(op, "one tensor as query, key and value",
        [](const Tensors& in) { return attention(in[0], in[0], in[0], 2, {}, true); }, {x});
  t.add(op, "more queries than a block", [](const Tensors& in) { return attention(in[0], in[1], in[2], 1); },
        {random({1, 70, 2}), random({1, 3, 2}, -2, 2, 1), random({1, 3, 2}, -2, 2, 2)});
}

void layer_rows(Table& t) {
  const std::string norm = "layer_norm(Tensor, Tensor, Tensor, double)";
  const Tensor w = random({4}, 0.5, 2, 1), b = random({4}, -1, 1, 2);
  t.add(norm, "", [](const Tensors& in) { return layer_norm(in[0], in[1], in[2]); }, {random({3, 4}), w, b});
  t.add(norm, "of a vector", [](const Tensors& in) { return layer_norm(in[0], in[1], in[2]); }, {random({4}), w, b});
  t.add(norm, "of a batch", [](const Tensors& in) { return layer_norm(in[0], in[1], in[2], 0.1); },
        {random({2, 2, 4}), w, b});
  t.add(norm, "without weight and bias", [](const Tensors& in) { return layer_norm(in[0], {}, {}); }, {random({3, 5})});
  t.add(norm, "without bias", [](const Tensors& in) { return layer_norm(in[0], in[1], {}); }, {random({3, 4}), w});
  t.add(norm, "without weight", [](const Tensors& in) { return layer_norm(in[0], {}, in[1]); }, {random({3, 4}), b});
  t.add(norm, "a constant row", [](const Tensors& in) { return layer_norm(in[0], in[1], in[2], 0.5); },
        {Tensor::full({1, 4}, 3, DType::f64).set_requires_grad(), w.detach(), b});
  t.add(norm, "rows of one element", [](const Tensors& in) { return layer_norm(in[0], {}, in[1]) + in[0]; },
        {random({3, 1}), random({1}, -1, 1, 1)});
  t.add(norm, "no rows", [](const Tensors& in) { return layer_norm(in[0], in[1], in[2]); }, {random({0, 4}), w, b})
      .verdict = Verdict::vacuous;
  t.add(norm, "far from zero", [](const Tensors& in) { return layer_norm(in[0], in[1], in[2]); },
        {random({2, 4}, 1000, 1003), w, b})
      .f32 = 1e-3;

  t.add("dropout(Tensor, double)", "", [](const Tensors& in) { return dropout(in[0], 0.4); }, {random({3, 4})});
  t.add("dropout(Tensor, double)", "of nothing", [](const Tensors& in) { return dropout(in[0], 0) * 2.0; },
        {random({3, 4})});

  const std::string conv = "conv2d(Tensor, Tensor, Tensor, Index, Index)";
  const Tensor image = random({2, 2, 4, 3}), kernel = random({3, 2, 2, 2}, -1, 1, 1), bias = random({3}, -1, 1, 2);
  t.add(conv, "", [](const Tensors& in) { return conv2d(in[0], in[1], in[2]); }, {image, kernel, bias});
  t.add(conv, "stride, padding, no bias", [](const Tensors& in) { return conv2d(in[0], in[1], {}, 2, 1); },
        {image, kernel});
  t.add(conv, "a kernel as large as the image", [](const Tensors& in) { return conv2d(in[0], in[1], {}); },
        {random({2, 1, 2, 3}), random({2, 1, 2, 3}, -1, 1, 1)});
  t.add("unfold(Tensor, Index, Index, Index, Index)", "", [](const Tensors& in) { return unfold(in[0], 2, 2, 1, 1); },
        {random({1, 2, 3, 3})});
  t.add("fold(Tensor, Shape, Index, Index, Index, Index)", "",
        [](const Tensors& in) {
          return fold(in[0], {1, 1, 3, 3}, 2, 2, 1, 0);
        },
        {random({1, 4, 4})});

  auto state = [](const LstmState& s) { return concat({s.hidden, s.memory * 0.7}, 1); };
  const std::string lstm = "lstm_gates(Tensor, Tensor)", gru = "gru_gates(Tensor, Tensor, Tensor)";
  t.add(lstm, "", [=](const Tensors& in) { return state(lstm_gates(in[0], in[1])); },
        {random({2, 12}), random({2, 3}, -1, 1, 1)});
  t.add(lstm, "only the hidden state", [](const Tensors& in) { return lstm_gates(in[0], in[1]).hidden; },
        {random({2, 12}), random({2, 3}, -1, 1, 1)});
  t.add(lstm, "no rows", [=](const Tensors& in) { return state(lstm_gates(in[0], in[1])); },
        {random({0, 12}), random({0, 3})})
      .verdict = Verdict::vacuous;
  t.add(gru, "", [](const Tensors& in) { return gru_gates(in[0], in[1], in[2]); },
        {random({2, 9}), random({2, 9}, -1, 1, 1), random({2, 3}, -1, 1, 2)});
  t.add(gru, "no rows", [](const Tensors& in) { return gru_gates(in[0], in[1], in[2]); },
        {random({0, 9}), random({0, 9}), random({0, 3})})
      .verdict = Verdict::vacuous;
}

void loss_rows(Table& t) {
  const std::string op = "cross_entropy(Tensor, Tensor, CrossEntropyOptions)";
  const Tensor logits = random({4, 3}), target = ids({2, 0, -100, 1}, {4}), weight = mask({0.5, 2, 1.2}, {3});
  for (const auto& [reduction, name] :
       {std::pair{Reduction::none, "none"}, {Reduction::mean, "mean"}, {Reduction::sum, "sum"}})
    for (double smoothing : {0.0, 0.1, 1.0})
      for (bool weighted : {false, true})
        t.add(op, std::string(name) + (weighted ? ", weighted" : "") + ", smoothing " + std::to_string(smoothing),
              [=, reduction = reduction](const Tensors& in) {
                return cross_entropy(in[0], target,
                                     {.weight = weighted ? like(in[0], weight) : Tensor(),
                                      .label_smoothing = smoothing,
                                      .reduction = reduction});
              },
              {logits});
  t.add(op, "a batch of sentences",
        [](const Tensors& in) {
          return cross_entropy(in[0], ids({2, 0, 1, 1}, {2, 2}), {.ignore_index = 0});
        },
        {random({2, 2, 3})});
  t.add(op, "all ignored",
        [](const Tensors& in) {
          return cross_entropy(in[0], ids({0, 0}, {2}), {.ignore_index = 0});
        },
        {random({2, 3})})
      .verdict = Verdict::vacuous;
  t.add(op, "one class",
        [](const Tensors& in) {
          return cross_entropy(in[0], ids({0, 0}, {2}));
        },
        {random({2, 1})})
      .verdict = Verdict::vacuous;
  t.add(op, "no rows", [](const Tensors& in) { return cross_entropy(in[0], ids({}, {0})); }, {random({0, 3})}).verdict =
      Verdict::vacuous;
  t.add(op, "large and far apart",
        [](const Tensors& in) {
          return cross_entropy(in[0], ids({2, 0}, {2}), {.reduction = Reduction::none});
        },
        {leaf({1000, 1001, 998, -1000, -1002, -1001}, {2, 3})})
      .f32 = 1e-4;
  for (const auto& [reduction, name] :
       {std::pair{Reduction::none, "none"}, {Reduction::mean, "mean"}, {Reduction::sum, "sum"}})
    t.add("mse_loss(Tensor, Tensor, Reduction)", name,
          [reduction = reduction](const Tensors& in) { return mse_loss(in[0], in[1], reduction); },
          {random({2, 3}), random({2, 3}, -2, 2, 1)});
}

}  // namespace

std::vector<Row> ops() {
  Table t;
  arithmetic_rows(t);
  function_rows(t);
  mask_rows(t);
  shape_rows(t);
  index_rows(t);
  reduction_rows(t);
  softmax_rows(t);
  product_rows(t);
  attention_rows(t);
  layer_rows(t);
  loss_rows(t);
  return t.rows;
}

int order_of(const Row& row) {
  if (!row.differentiable) return 0;
  return row.verdict == Verdict::kink ? 1 : row.order;
}

GradcheckReport check(const Row& row, int order) {
  return gradcheck(row.f, row.inputs, {.relative = 1e-9, .order = order});
}

bool as_expected(const Row& row, const GradcheckReport& report) {
  return report.verdict == row.verdict ||
         (report.options.order == 2 && row.verdict != Verdict::pass && report.verdict != Verdict::fail);
}

}  // namespace gradus::table
