#pragma once

#include <array>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/jet.h>
#include <gradus/autograd/foundation/numbers.h>

// Elementwise ops from one scalar formula:
//
//   Tensor swish(const Tensor& x) { return pointwise("swish", x, [](auto v) { return v * sigmoid(v); }); }
//
// The formula has one argument per input; the inputs broadcast. Per dtype it is compiled into one SIMD loop for its
// values and one per input for its first derivatives. It is compiled once for jets, which give all higher derivatives.
// The first derivatives come from dual numbers, or from slopes after the formula, one per input:
//
//   pointwise("square", x, [](auto v) { return v * v; }, [](auto v) { return 2 * v; })
//   pointwise("exp", x, [](auto v) { return exp(v); }, of_result([](auto y) { return y; }))
//
// A slope is a formula of the inputs, or of the result; then the inputs need not be kept. Formulas are pure, use
// where(condition, a, b) instead of branches, and may call the functions of foundation/numbers.h: exp, log and others.
namespace gradus {

/// Marks a slope as a formula of the op's result. Either all slopes of an op are so marked or none.
template <class F>
struct OfResult {
  F formula;  // the slope as a function of the result
};
template <class F>
OfResult<F> of_result(F formula) {
  return {formula};
}

namespace detail {

/// out[i] = formula(in[0][i], in[1][i], ...) for i < n, in whole vectors of 64 bytes. The formula's captures are passed
/// at run time.
template <class T>
using Loop = void (*)(const void* captures, T* out, const T* const* in, Index n);

struct Loops {
  Loop<float> f32;
  Loop<double> f64;
};

using numeric::Dual;
using numeric::Jet;
using numeric::Real;

using JetFormula = Jet (*)(const void* captures, const Jet* in);

/// The derivative of a formula by one input: a function of the inputs, or of the result.
struct SlopeCode {
  Loops scaled;     // dy times the slope; dy is the first input
  JetFormula jets;  // the slope is the partial derivative of this by `variable`, or this itself if that is -1
  int variable;
  bool of_result;
};

/// The compiled functions of a formula and its slopes.
struct FormulaCode {
  Loops value;
  std::span<const SlopeCode> slopes;
  std::shared_ptr<const void> (*keep)(const void* captures);  // copies them
};

constexpr std::size_t max_formula_inputs = 7;

/// The values of a formula, broadcast, not recorded. Throws unless all inputs have one floating dtype.
Tensor pointwise_values(const OpName& op, const Loops& loops, const void* captures, std::span<const Tensor* const> in);
/// The same, recorded.
Tensor pointwise_op(const OpName& op, const FormulaCode& code, const void* captures, std::span<const Input> in);

/// A formula and its slopes.
template <class F, class... D>
struct Formulas {
  static constexpr bool is_empty = (std::is_empty_v<F> && ... && std::is_empty_v<D>);
  F formula;
  std::tuple<D...> slopes;
};

template <class D>
constexpr bool is_of_result = false;
template <class D>
constexpr bool is_of_result<OfResult<D>> = true;

// The body of a loop, for the numbers that it reads.

template <class All>
struct Value {
  [[gnu::always_inline]] static auto at(const All& all, auto... x) { return all.formula(x...); }
};

/// dy times the partial derivative by input I, from dual numbers.
template <class All, std::size_t I>
struct ScaledPartial {
  template <class S, class... X>
  [[gnu::always_inline]] static S at(const All& all, S dy, X... x) {
    return partial(all, std::index_sequence_for<X...>(), dy, x...);
  }
  template <class S, class... X, std::size_t... J>
  [[gnu::always_inline]] static S partial(const All& all, std::index_sequence<J...>, S dy, X... x) {
    return dy * all.formula(Dual<S>(x, S(I == J ? 1 : 0))...).b;
  }
};

template <class All, std::size_t I>
struct Slope {
  [[gnu::always_inline]] static auto at(const All& all, auto... x) {
    const auto& slope = std::get<I>(all.slopes);
    if constexpr (is_of_result<std::decay_t<decltype(slope)>>)
      return slope.formula(x...);
    else
      return slope(x...);
  }
};

template <class All, std::size_t I>
struct ScaledSlope {
  [[gnu::always_inline]] static auto at(const All& all, auto dy, auto... x) {
    return dy * Slope<All, I>::at(all, x...);
  }
};

template <class T, class All, class What, std::size_t... I>
[[gnu::always_inline]] inline void run(const All& all, T* __restrict out, const T* const* in, Index n,
                                       std::index_sequence<I...>) {
  constexpr Index lanes = 64 / sizeof(T);  // whole vectors: storages have padding past their end
  const std::tuple<decltype((void)I, static_cast<const T*>(nullptr))...> p{in[I]...};
  for (Index i = 0; i < n; i += lanes)
    for (Index j = i; j < i + lanes; ++j) out[j] = value_of(What::at(all, Real<T>::of(std::get<I>(p)[j])...));
}

template <class T, class All, class What, std::size_t N>
void loop(const void* all, T* out, const T* const* in, Index n) {
  run<T, All, What>(*static_cast<const All*>(all), out, in, n, std::make_index_sequence<N>());
}

template <class All, class What, std::size_t N>
Jet jets(const void* all, const Jet* in) {
  return [&]<std::size_t... I>(std::index_sequence<I...>)->Jet {
    return What::at(*static_cast<const All*>(all), in[I]...);
  }
  (std::make_index_sequence<N>());
}

template <class All>
std::shared_ptr<const void> keep(const void* all) {
  if constexpr (All::is_empty) {
    static const All kept = *static_cast<const All*>(all);
    return {std::shared_ptr<const void>(), &kept};
  } else {
    return std::make_shared<const All>(*static_cast<const All*>(all));
  }
}

template <class All, class What, std::size_t N>
constexpr Loops loops_of{loop<float, All, What, N>, loop<double, All, What, N>};

template <class All, std::size_t N, std::size_t I>
constexpr SlopeCode slope_code() {
  using Slopes = decltype(All::slopes);
  if constexpr (std::tuple_size_v<Slopes> == 0) {
    return {loops_of<All, ScaledPartial<All, I>, N + 1>, jets<All, Value<All>, N>, static_cast<int>(I), false};
  } else {
    constexpr bool of_result = is_of_result<std::tuple_element_t<I, Slopes>>;
    constexpr std::size_t arguments = of_result ? 1 : N;
    return {loops_of<All, ScaledSlope<All, I>, arguments + 1>, jets<All, Slope<All, I>, arguments>, -1, of_result};
  }
}

template <class All, class Inputs>
constexpr std::array<SlopeCode, 0> slopes_of{};
template <class All, std::size_t... I>
constexpr std::array<SlopeCode, sizeof...(I)> slopes_of<All, std::index_sequence<I...>>{
    slope_code<All, sizeof...(I), I>()...};

template <class All, std::size_t N>
constexpr FormulaCode code_of{loops_of<All, Value<All>, N>, slopes_of<All, std::make_index_sequence<N>>, keep<All>};

}  // namespace detail

/// pointwise(name, inputs..., formula) or pointwise(name, inputs..., formula, slopes...). See the top of this file.
template <class... Arguments>
Tensor pointwise(const OpName& op, const Tensor& first, const Arguments&... rest) {
  constexpr std::size_t inputs = 1 + (std::size_t{std::is_same_v<Arguments, Tensor>} + ...);
  constexpr std::size_t slopes = sizeof...(rest) - inputs;
  static_assert(slopes == 0 || slopes == inputs, "pointwise takes inputs, a formula, and one slope per input or none");
  static_assert(inputs <= detail::max_formula_inputs, "pointwise takes at most 7 inputs");
  const auto all = std::tie(first, rest...);
  return [&]<std::size_t... I, std::size_t... D>(std::index_sequence<I...>, std::index_sequence<D...>) {
    using All = detail::Formulas<std::decay_t<std::tuple_element_t<inputs, decltype(all)>>,
                                 std::decay_t<std::tuple_element_t<inputs + 1 + D, decltype(all)>>...>;
    const All formulas{std::get<inputs>(all), {std::get<inputs + 1 + D>(all)...}};
    constexpr const detail::FormulaCode& code = detail::code_of<All, inputs>;
    const std::array<Input, inputs> in{
        (code.slopes[0].of_result ? unread(std::get<I>(all)) : Input(std::get<I>(all)))...};
    return detail::pointwise_op(op, code, &formulas, in);
  }
  (std::make_index_sequence<inputs>(), std::make_index_sequence<slopes>());
}

}  // namespace gradus
