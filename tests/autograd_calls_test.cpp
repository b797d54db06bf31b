// How ops are called: what compiles, what does not, and the forms without braces, with numbers and with operators.
#include <math.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <sstream>
#include <type_traits>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/ops.h>
#include <gradus/autograd/ops/pointwise.h>

#include "catch.h"
#include "leaf.h"

// Not inside gradus: names are found as in a user's code.
namespace autograd_calls_test {

using namespace gradus;
using Catch::Matchers::ContainsSubstring;
using Values = std::vector<double>;

// What compiles ------------------------------------------------------------------------------------------------------

namespace {

template <class T>
constexpr bool is_number = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;
/// A number for a flag, a flag for a number.
template <class T>
using Swapped = std::conditional_t<std::is_same_v<T, bool>, int, std::conditional_t<is_number<T>, bool, T>>;

template <class Op, class... A, std::size_t... I>
constexpr bool refuses_swap_of(std::size_t swapped, std::index_sequence<I...>) {
  bool refuses = true;
  [&]<std::size_t... K>(std::index_sequence<K...>) {
    const auto at = [&]<std::size_t N>(std::integral_constant<std::size_t, N>) {
      using Call = std::tuple<A...>;
      if (swapped == N && std::is_arithmetic_v<std::tuple_element_t<N, Call>>) {
        refuses = !std::is_invocable_v<
            Op, std::conditional_t<I == N, Swapped<std::tuple_element_t<I, Call>>, std::tuple_element_t<I, Call>>...>;
      }
    };
    (at(std::integral_constant<std::size_t, K>()), ...);
  }
  (std::index_sequence_for<A...>());
  return refuses;
}

/// Whether the call with these types compiles, and none with one number as a flag or one flag as a number.
template <class Op, class... A>
constexpr bool strict() {
  bool holds = std::is_invocable_v<Op, A...>;
  for (std::size_t i = 0; i < sizeof...(A); ++i)
    holds = holds && refuses_swap_of<Op, A...>(i, std::index_sequence_for<A...>());
  return holds;
}

// A call of an op as a type.
#define GRADUS_OP(name)                                                                \
  struct name##_op {                                                                   \
    template <class... A>                                                              \
    auto operator()(A&&... a) const -> decltype(gradus::name(std::forward<A>(a)...)) { \
      return gradus::name(std::forward<A>(a)...);                                      \
    }                                                                                  \
  }

GRADUS_OP(sum);
GRADUS_OP(mean);
GRADUS_OP(var);
GRADUS_OP(max);
GRADUS_OP(min);
GRADUS_OP(argmax);
GRADUS_OP(cumsum);
GRADUS_OP(add);
GRADUS_OP(sub);
GRADUS_OP(mul);
GRADUS_OP(div);
GRADUS_OP(pow);
GRADUS_OP(minimum);
GRADUS_OP(maximum);
GRADUS_OP(add_scaled);
GRADUS_OP(where);
GRADUS_OP(masked_fill);
GRADUS_OP(equal);
GRADUS_OP(less_equal);
GRADUS_OP(logical_and);
GRADUS_OP(causal_mask);
GRADUS_OP(clamp);
GRADUS_OP(clamp_min);
GRADUS_OP(clamp_max);
GRADUS_OP(dropout);
GRADUS_OP(layer_norm);
GRADUS_OP(attention);
GRADUS_OP(attention_weights);
GRADUS_OP(conv2d);
GRADUS_OP(softmax);
GRADUS_OP(log_softmax);
GRADUS_OP(logsumexp);
GRADUS_OP(index_select);
GRADUS_OP(index_add);
GRADUS_OP(gather);
GRADUS_OP(scatter_add);
GRADUS_OP(flatten);
GRADUS_OP(squeeze);
GRADUS_OP(unsqueeze);
GRADUS_OP(transpose);
GRADUS_OP(permute);
GRADUS_OP(narrow);
GRADUS_OP(select);
GRADUS_OP(slice);
GRADUS_OP(chunk);
GRADUS_OP(unbind);
GRADUS_OP(pad);
GRADUS_OP(flip);
GRADUS_OP(exp);
GRADUS_OP(matmul);
#undef GRADUS_OP

using T = Tensor;
using Axis = int;

static_assert(strict<sum_op, T, Axis, bool>());
static_assert(strict<mean_op, T, Axis, bool>());
static_assert(strict<var_op, T, Axis, int, bool>());
static_assert(strict<max_op, T, Axis, bool>());
static_assert(strict<min_op, T, Axis, bool>());
static_assert(strict<argmax_op, T, Axis, bool>());
static_assert(strict<cumsum_op, T, Axis>());
static_assert(strict<add_op, T, double>() && strict<add_op, double, T>() && strict<add_op, T, int>());
static_assert(strict<sub_op, T, double>() && strict<sub_op, double, T>());
static_assert(strict<mul_op, T, double>() && strict<mul_op, double, T>());
static_assert(strict<div_op, T, double>() && strict<div_op, double, T>());
static_assert(strict<pow_op, T, double>() && strict<pow_op, double, T>());
static_assert(strict<minimum_op, T, double>() && strict<minimum_op, double, T>());
static_assert(strict<maximum_op, T, double>() && strict<maximum_op, double, T>());
static_assert(strict<add_scaled_op, T, T, double>());
static_assert(strict<where_op, T, T, double>() && strict<where_op, T, double, T>());
static_assert(strict<masked_fill_op, T, T, double>());
static_assert(strict<equal_op, T, double>() && strict<equal_op, double, T>());
static_assert(strict<less_equal_op, T, double>() && strict<less_equal_op, double, T>());
static_assert(strict<logical_and_op, T, double>() && strict<logical_and_op, double, T>());
static_assert(strict<causal_mask_op, int>());
static_assert(strict<clamp_op, T, double, double>() && strict<clamp_op, T, std::nullopt_t, double>());
static_assert(strict<clamp_min_op, T, double>() && strict<clamp_max_op, T, double>());
static_assert(strict<dropout_op, T, double>());
static_assert(strict<layer_norm_op, T, T, T, double>());
static_assert(strict<attention_op, T, T, T, int>());
static_assert(strict<attention_weights_op, T, T, int>());
static_assert(strict<conv2d_op, T, T, T>());
static_assert(strict<softmax_op, T, Axis>() && strict<log_softmax_op, T, Axis>());
static_assert(strict<logsumexp_op, T, Axis, bool>());
static_assert(strict<index_select_op, T, Axis, T>());
static_assert(strict<index_add_op, T, Axis, T, int>());
static_assert(strict<gather_op, T, Axis, T>() && strict<scatter_add_op, T, Axis, T, T>());
static_assert(strict<flatten_op, T, Axis, Axis>());
static_assert(strict<squeeze_op, T, Axis>() && strict<unsqueeze_op, T, Axis>());
static_assert(strict<transpose_op, T, Axis, Axis>() && strict<permute_op, T, Axis>());
static_assert(strict<narrow_op, T, Axis, int, int>());
static_assert(strict<select_op, T, Axis, int>());
static_assert(strict<slice_op, T, Axis, int, int>());
static_assert(strict<chunk_op, T, int, Axis>() && strict<unbind_op, T, Axis>());
static_assert(strict<pad_op, T, Axis, int, int>() && strict<flip_op, T, Axis>());

// No number with a fraction is an axis or a count, and a number is no tensor.
static_assert(!std::is_invocable_v<sum_op, T, double>);
static_assert(!std::is_invocable_v<narrow_op, T, Axis, double, int>);
static_assert(!std::is_invocable_v<var_op, T, Axis, double>);
static_assert(!std::is_invocable_v<exp_op, double>);
static_assert(!std::is_invocable_v<matmul_op, T, double>);
static_assert(!std::is_invocable_v<sum_op, T, Axis, const char*>);
static_assert(!std::is_constructible_v<Flag, int> && !std::is_constructible_v<Flag, void*>);
static_assert(!std::is_constructible_v<Axes, double>);
static_assert(std::is_constructible_v<Axes, std::initializer_list<Integer>>);

// A comparison is a tensor, and never the condition of an `if`.
static_assert(std::is_same_v<decltype(Tensor() == Tensor()), Tensor>);
static_assert(!std::is_constructible_v<bool, Tensor>);
// Assignment and the operators with it need a variable: a slice of a tensor is none.
static_assert(std::is_assignable_v<Tensor&, Tensor> && !std::is_assignable_v<Tensor, Tensor>);
template <class X>
concept AddsInto = requires(X x) {
  static_cast<X>(x) += 1;
};
static_assert(AddsInto<Tensor&> && !AddsInto<Tensor> && !AddsInto<const Tensor&>);
static_assert(std::is_nothrow_move_constructible_v<Tensor>);

Values numbers(const Tensor& x) { return to(x, DType::f64).to_vector<double>(); }

}  // namespace

TEST_CASE("ops with one or two tensors convert to std::function") {
  using Unary = std::function<Tensor(const Tensor&)>;
  using Binary = std::function<Tensor(const Tensor&, const Tensor&)>;
  const std::vector<Unary> unary{gradus::exp,  gradus::expm1, gradus::log,         gradus::log1p,
                                 gradus::sqrt, gradus::rsqrt, gradus::reciprocal,  gradus::sin,
                                 gradus::cos,  gradus::erf,   gradus::tanh,        gradus::silu,
                                 gradus::abs,  gradus::relu,  gradus::square,      gradus::sigmoid,
                                 gradus::neg,  gradus::clone, gradus::logical_not, gradus::isfinite};
  const Tensor x = Tensor::from({0.5, 0.25}), y = Tensor::from({0.5, 0.75});
  for (const Unary& f : unary) CHECK(f(x).shape() == x.shape());
  CHECK(numbers(unary[0](x)) == numbers(exp(x)));
  CHECK(numbers(unary[16](x)) == numbers(-x));
  const std::vector<Binary> binary{gradus::add,           gradus::sub,        gradus::mul,        gradus::div,
                                   gradus::pow,           gradus::minimum,    gradus::maximum,    gradus::equal,
                                   gradus::not_equal,     gradus::less,       gradus::less_equal, gradus::greater,
                                   gradus::greater_equal, gradus::logical_and};
  for (const Binary& f : binary) CHECK(f(x, y).shape() == x.shape());
  CHECK(numbers(binary[1](x, y)) == Values{0, -0.5});
  const Binary product = matmul;
  CHECK(product(x, y).item() == 0.4375);
}

TEST_CASE("with using namespace gradus, the functions of cmath and of gradus have one meaning each") {
  const Tensor x = Tensor::from({-1.0, 4.0});
  CHECK(numbers(abs(x)) == Values{1, 4});
  CHECK(numbers(pow(x, 2)) == Values{1, 16});
  CHECK(numbers(tanh(x))[1] == Approx(tanh(4.0)));
  CHECK(numbers(exp(x))[0] == Approx(exp(-1.0)));
  CHECK(sqrt(16.0) == 4);
  CHECK(pow(2, 3) == 8);
  CHECK(max(x, 0).item() == 4);
  CHECK(std::max(1, 2) == 2);
  CHECK(std::abs(-2) == 2);
}

// Axes and defaults --------------------------------------------------------------------------------------------------

TEST_CASE("one axis needs no braces") {
  const Tensor x = leaf({1, 2, 3, 4, 5, 9}, {2, 3});
  CHECK(numbers(sum(x, 1)) == Values{6, 18});
  CHECK(numbers(mean(x, -1)) == Values{2, 6});
  CHECK(numbers(max(x, 0)) == Values{4, 5, 9});
  CHECK(numbers(sum(x, {0, 1})) == Values{24});
  CHECK(sum(x, 1, true).shape() == Shape{2, 1});
  CHECK(sum(x, std::vector<Index>{0}).shape() == Shape{3});
  CHECK(numbers(sum(x, {})) == Values{24});
}

TEST_CASE("squeeze without axes removes all of extent 1") {
  const Tensor x = Tensor::zeros({1, 2, 1, 3});
  CHECK(squeeze(x).shape() == Shape{2, 3});
  CHECK(squeeze(x, 0).shape() == Shape{2, 1, 3});
  CHECK(squeeze(x, {0, -2}).shape() == Shape{2, 3});
  CHECK(squeeze(x, 1).shape() == x.shape());
  CHECK(squeeze(Tensor::scalar(1)).shape() == Shape{});
}

TEST_CASE("argmax without an axis is a position among all elements") {
  const Tensor x = Tensor::from({1, 7, 3, 7, 5, 2}, {2, 3});
  CHECK(argmax(x).item() == 1);
  CHECK(argmax(x).shape() == Shape{});
  CHECK(argmax(x, {}, true).shape() == Shape{1, 1});
  CHECK(argmax(x, 1).to_vector<Index>() == std::vector<Index>{1, 0});
  CHECK(argmax(Tensor::scalar(3)).item() == 0);
  CHECK_THROWS_WITH(argmax(Tensor::zeros({0})), ContainsSubstring("argmax"));
}

TEST_CASE("clamp takes one bound or two") {
  const Tensor x = leaf({-2, 0.5, 3});
  CHECK(numbers(clamp(x, -1, 1)) == Values{-1, 0.5, 1});
  CHECK(numbers(clamp(x, {}, 1)) == Values{-2, 0.5, 1});
  CHECK(numbers(clamp(x, 0)) == Values{0, 0.5, 3});
  CHECK(numbers(clamp_min(x, 0)) == Values{0, 0.5, 3});
  CHECK(numbers(clamp_max(x, 1)) == Values{-2, 0.5, 1});
  CHECK(numbers(grad(sum(clamp_min(x, 0)), x)) == Values{0, 1, 1});
  CHECK_THROWS_WITH(clamp(x), ContainsSubstring("neither bound"));
  CHECK_THROWS_WITH(clamp(x, 1, 0), ContainsSubstring("not in order"));
}

TEST_CASE("defaults of calls are PyTorch's") {
  const Tensor x = Tensor::zeros({4, 6});
  CHECK(concat({x, x}).shape() == Shape{8, 6});
  CHECK(chunk(x, 2)[0].shape() == Shape{2, 6});
  CHECK(split(x, {1, 3})[1].shape() == Shape{3, 6});
  CHECK(unbind(x).size() == 4);
  CHECK(stack({x, x}).shape() == Shape{2, 4, 6});
  CHECK(layer_norm(x).shape() == x.shape());
  CHECK(logsumexp(x, 1, true).shape() == Shape{4, 1});
}

TEST_CASE("grad of one output and one input is a tensor") {
  const Tensor x = leaf({3}), w = leaf({5});
  const Tensor y = sum(x * x * w);
  const Tensor dx = grad(y, x, {.retain_graph = true});
  CHECK(dx.item() == 30);
  const std::vector<Tensor> both = grad(y, {x, w}, {.retain_graph = true});
  CHECK(both.size() == 2);
  CHECK(both[1].item() == 9);
  CHECK(grad({y}, {x})[0].item() == 30);
  CHECK_THROWS_WITH(grad(sum(x), w), ContainsSubstring("autograd_calls_test.cpp"));
}

// Numbers and operators ----------------------------------------------------------------------------------------------

TEST_CASE("a number stands on either side of every binary op") {
  const Tensor x = leaf({1, 4});
  CHECK(numbers(add(1, x)) == numbers(x + 1));
  CHECK(numbers(sub(1, x)) == Values{0, -3});
  CHECK(numbers(sub(x, 1)) == Values{0, 3});
  CHECK(numbers(mul(2, x)) == Values{2, 8});
  CHECK(numbers(div(2, x)) == Values{2, 0.5});
  CHECK(numbers(div(x, 2)) == Values{0.5, 2});
  CHECK(numbers(pow(2, x)) == Values{2, 16});
  CHECK(numbers(pow(x, 0.5)) == Values{1, 2});
  CHECK(numbers(minimum(2, x)) == Values{1, 2});
  CHECK(numbers(maximum(x, 2)) == Values{2, 4});
  CHECK(numbers(where(x > 2, x, 0)) == Values{0, 4});
  CHECK(numbers(where(x > 2, -1, x)) == Values{1, -1});
  const Tensor chosen = where(x > 2, 1, -std::numeric_limits<double>::infinity());
  CHECK(chosen.dtype() == DType::f64);
  CHECK(numbers(chosen) == Values{-std::numeric_limits<double>::infinity(), 1});
  CHECK(numbers(grad(sum(pow(2, x)), x))[1] == Approx(16 * std::log(2)));
  CHECK(numbers(grad(sum(maximum(1, x)), x)) == Values{0.5, 1});
}

TEST_CASE("comparisons are masks of each element") {
  const Tensor x = Tensor::from({1.f, 2.f, 3.f}), y = Tensor::from({3.f, 2.f, 1.f});
  CHECK(numbers(x < y) == Values{1, 0, 0});
  CHECK(numbers(x <= 2) == Values{1, 1, 0});
  CHECK(numbers(2 > x) == Values{1, 0, 0});
  CHECK(numbers(x >= y) == Values{0, 1, 1});
  CHECK(numbers(x == y) == Values{0, 1, 0});
  CHECK(numbers(x != 2) == Values{1, 0, 1});
  CHECK((x == y).dtype() == DType::f32);
  CHECK(numbers(logical_and(x > 1, y > 1)) == Values{0, 1, 0});
}

TEST_CASE("a number is compared in the dtype of the tensor") {
  CHECK((Tensor::from({0.1f}) == 0.1).item() == 1);
  CHECK((Tensor::from({0.1f}) < 0.1).item() == 0);
  CHECK((Tensor::from({0.1}) == 0.1f).item() == 0);
  const Index large = (Index{1} << 60) + 1;  // f64 does not hold it
  CHECK((Tensor::from({large}) == large).item() == 1);
  CHECK((Tensor::from({large}) == large - 1).item() == 0);
  CHECK((Tensor::from({2, 3}) < 2.5).to_vector<float>() == std::vector<float>{1, 0});
  CHECK(masked_fill(Tensor::from({1}), Tensor::from({1}), large).to_vector<Index>()[0] == large);
  CHECK(Tensor::full({1}, large, DType::i64).to_vector<Index>()[0] == large);
}

TEST_CASE("two numbers are an error of a binary op") {
  CHECK_THROWS_WITH(add(1, 2), ContainsSubstring("both operands are numbers"));
  CHECK_THROWS_WITH(maximum(1, 2), ContainsSubstring("autograd_calls_test.cpp"));
  CHECK_THROWS_WITH(less(1, 2.5), ContainsSubstring("both operands are numbers"));
  CHECK_THROWS_WITH(gradus::pow(1, 2), ContainsSubstring("both operands are numbers"));
}

TEST_CASE("errors of operators name the caller's line") {
  const Tensor x = Tensor::zeros({2}), y = Tensor::zeros({3});
  CHECK_THROWS_WITH(x + y, ContainsSubstring("add") && ContainsSubstring("autograd_calls_test.cpp"));
  CHECK_THROWS_WITH(x > y, ContainsSubstring("greater: ") && ContainsSubstring("autograd_calls_test.cpp"));
  CHECK_THROWS_WITH(x[2], ContainsSubstring("select") && ContainsSubstring("autograd_calls_test.cpp"));
  CHECK_THROWS_WITH(Tensor::scalar(1)[0], ContainsSubstring("autograd_calls_test.cpp"));
  CHECK_THROWS_WITH(sum(x, 1), ContainsSubstring("autograd_calls_test.cpp"));
}

TEST_CASE("compound assignment binds the handle and keeps the graph") {
  const Tensor x = leaf({1, 2});
  Tensor y = x * x;
  const Tensor before = y;
  y += x;
  y -= 1;
  y *= 2;
  y /= x;
  CHECK(numbers(y) == Values{2, 5});
  CHECK(numbers(before) == Values{1, 4});
  CHECK(numbers(grad(sum(y), x)) == Values{4, 2.5});  // d (2 x + 2 - 2 / x)
  Tensor loss = Tensor::scalar(0, DType::f64);
  for (int i = 0; i < 3; ++i) loss += sum(x * i);
  CHECK(loss.item() == 9);
  y += y;
  CHECK(numbers(y) == Values{4, 10});
}

TEST_CASE("compound assignment does not change parameters without a word") {
  Tensor w = leaf({1, 2});
  CHECK_THROWS_WITH(w -= 0.1, ContainsSubstring("is a parameter") && ContainsSubstring("nn::copy_into"));
  {
    const NoGrad guard;
    CHECK_THROWS_WITH(w -= 0.1, ContainsSubstring("is a parameter") && ContainsSubstring("autograd_calls_test.cpp"));
  }
  Tensor frozen = Tensor::zeros({2});
  frozen.set_name("encoder.weight");
  CHECK_THROWS_WITH(frozen += 1, ContainsSubstring("'encoder.weight'"));
  Tensor total = Tensor::scalar(0);
  CHECK_THROWS_WITH(total += Tensor::zeros({3}), ContainsSubstring("would become f32 [3]"));
}

TEST_CASE("an index selects along the leading axis") {
  const Tensor x = leaf({1, 2, 3, 4, 5, 6}, {2, 3});
  CHECK(numbers(x[1]) == Values{4, 5, 6});
  CHECK(x[1][2].item() == 6);
  CHECK(numbers(x[-1]) == Values{4, 5, 6});
  CHECK(numbers(grad(x[1][2] * 2, x)) == Values{0, 0, 0, 0, 0, 2});
  const Tensor z = Tensor::zeros({2, 3});
  CHECK(z[1].storage() == z.storage());
}

// Construction and output --------------------------------------------------------------------------------------------

TEST_CASE("Tensor::from takes the dtype from the values") {
  CHECK(describe(Tensor::from({1.f, 2.f}, {2})) == "f32 [2]");
  CHECK(describe(Tensor::from({1.0, 2.0}, {1, 2})) == "f64 [1, 2]");
  CHECK(describe(Tensor::from({1, 2})) == "i64 [2]");
  CHECK(describe(Tensor::from(std::vector<int>{1, 2}, {2})) == "i64 [2]");
  CHECK(describe(Tensor::from(std::vector<std::uint8_t>{255})) == "i64 [1]");
  CHECK(Tensor::from(std::vector<std::uint8_t>{255}).item() == 255);
  CHECK(describe(Tensor::from<double>({1, 2}, {2})) == "f64 [2]");
  CHECK(describe(Tensor::from<float>({}, {0})) == "f32 [0]");
  CHECK(Tensor::from({7.5}, {}).item() == 7.5);
  CHECK_THROWS_WITH(Tensor::from({1, 2}, {3}), ContainsSubstring("autograd_calls_test.cpp"));
  CHECK_THROWS_WITH(Tensor::from(std::vector<std::uint64_t>{~std::uint64_t{0}}, {1}), ContainsSubstring("2^63"));
}

TEST_CASE("tensors, shapes and dtypes are written to streams") {
  std::ostringstream out;
  out << Tensor::from({1.5, 2.0}, {1, 2}) << ' ' << Shape{1, 2} << ' ' << DType::f64;
  CHECK(out.str() == "[[1.5, 2]] [1, 2] f64");
}

}  // namespace autograd_calls_test
