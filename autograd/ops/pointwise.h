#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/graph.h>
#include <gradus/autograd/foundation/numbers.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/simd.h>

// Elementwise ops from one scalar formula:
//
//   Tensor swish(const Tensor& x) { return pointwise("swish", [](auto v) { return v * sigmoid(v); }, x); }
//
// The formula is compiled into one SIMD loop a dtype, over any number of inputs that broadcast. Its derivative comes
// from dual numbers, or is given: `pointwise(name, formula, derivatives(d0, d1), a, b)` with d_i(a, b) or d_i(a, b, y),
// y the result. Derivatives go up to the second order (the third throws; give the derivative, or write the op with
// `record`). Formulas are pure, and branch with where(condition, a, b) so that loops stay SIMD.
namespace gradus {

template <class... D>
struct Derivatives {
  std::tuple<D...> formulas;
};
template <class... D>
Derivatives<D...> derivatives(D... d) {
  return {{d...}};
}

namespace detail {

constexpr Index pointwise_grain = Index{1} << 15;
constexpr Index pointwise_block = 256;
constexpr Index streamed_bytes = Index{1} << 24;  // from here on, no cache would hold the result until it is read
constexpr int pointwise_max_order = 2;

void check_pointwise(const OpName& op, const Tensor& first, const Tensor& other);

template <class T, class F, std::size_t... I>
[[gnu::always_inline]] inline void pointwise_loop(const F& f, T* __restrict out,
                                                  const std::array<const T*, sizeof...(I)>& in, Index n,
                                                  std::index_sequence<I...>) {
  constexpr Index lanes = 64 / sizeof(T);  // whole vectors: storages may be read and written so far past their end
  const std::tuple<decltype((void)I, static_cast<const T*>(nullptr))...> p{in[I]...};
  for (Index i = 0; i < n; i += lanes)
    for (Index j = i; j < i + lanes; ++j) out[j] = value_of(f(Real<T>::of(std::get<I>(p)[j])...));
}

/// The same for results beyond the caches.
template <class T, class F, std::size_t N, class All>
[[gnu::noinline]] void pointwise_stream(const F& f, T* out, std::array<const T*, N> in, Index n, All all) {
  constexpr Index lanes = 64 / sizeof(T);
  alignas(64) T block[pointwise_block];
  for (Index b = 0; b < n; b += pointwise_block) {
    const Index count = std::min(pointwise_block, n - b);
    pointwise_loop(f, block, in, count, all);
    for (Index i = 0; i < count; i += lanes) simd::stream(out + b + i, simd::load<simd::Vector<T, lanes>>(block + i));
    for (const T*& p : in) p += pointwise_block;
  }
  simd::fence();
}

/// The formula's values, outside the graph.
template <class T, class F, class... X>
void pointwise_values(const F& f, Tensor& out, const X&... xs) {
  constexpr std::size_t N = sizeof...(X);
  T* y = out.mutable_data<T>();
  const std::array<const T*, N> x{xs.template data<T>()...};
  const auto all = std::make_index_sequence<N>{};
  const bool streams = out.numel() * static_cast<Index>(sizeof(T)) >= streamed_bytes;
  if ((... && (xs.numel() == out.numel()))) {
    parallel_for(out.numel(), pointwise_grain, [&](Index begin, Index end) {
      std::array<const T*, N> p = x;
      for (const T*& q : p) q += begin;
      if (streams) {
        pointwise_stream(f, y + begin, p, end - begin, all);
      } else {
        pointwise_loop(f, y + begin, p, end - begin, all);
      }
    });
    return;
  }
  const std::array<BroadcastReader, N> readers{BroadcastReader(xs.shape(), out.shape())...};
  parallel_for(out.numel(), pointwise_grain, [&](Index begin, Index end) {
    alignas(64) T buffers[N][pointwise_block];
    for (Index b = begin; b < end; b += pointwise_block) {
      const Index n = std::min(pointwise_block, end - b);
      std::array<const T*, N> p;
      for (std::size_t k = 0; k < N; ++k) {
        p[k] = readers[k].direct() ? x[k] + b : buffers[k];
        if (!readers[k].direct()) readers[k].read(x[k], b, n, buffers[k]);
      }
      pointwise_loop(f, y + b, p, n, all);
    }
  });
}

/// dy times the partial derivative of F by its I-th argument: itself a formula, of dy and F's arguments.
template <std::size_t I, class F>
struct Partial {
  F f;
  template <class S, class... X>
  auto operator()(S dy, X... x) const {
    return at(std::index_sequence_for<X...>{}, dy, x...);
  }

 private:
  template <class S, class... X, std::size_t... J>
  S at(std::index_sequence<J...>, S dy, X... x) const {
    return dy * f(Dual<S>(x, S(I == J ? 1 : 0))...).b;
  }
};

template <class D>
struct Chained {
  D d;
  template <class S, class... X>
  auto operator()(S dy, X... x) const {
    return dy * d(x...);
  }
};

template <class F, class... X>
Tensor pointwise_forward(const OpName& op, const F& f, const Tensor& first, const X&... rest) {
  (check_pointwise(op, first, rest), ...);
  if constexpr (sizeof...(X) == 0) check_pointwise(op, first, first);
  Shape shape = first.shape();
  ((shape = broadcast_shapes(op, shape, rest.shape())), ...);
  Tensor out = Tensor::empty(shape, first.dtype());
  dispatch_floating(first.dtype(), [&](auto zero) { pointwise_values<decltype(zero)>(f, out, first, rest...); });
  return out;
}

template <int Order, class F, class... X>
Tensor pointwise_at(const OpName& op, F f, const X&... xs);

template <int Order, class F, std::size_t... I, class... X>
Grads pointwise_partials(const OpName& op, const F& f, std::index_sequence<I...>, const Tensor& dy, Needs needs,
                         const X&... xs) {
  return Grads{(needs[I] ? Gradient(pointwise_at<Order + 1>(op, Partial<I, F>{f}, dy, xs...)) : Gradient())...};
}

template <int Order, class F, class... X>
Tensor pointwise_at(const OpName& op, F f, const X&... xs) {
  Tensor value = pointwise_forward(op, f, xs...);
  return record(
      op, std::move(value), {Input(xs)...},
      [op, f, xs...]([[maybe_unused]] const Tensor& dy, [[maybe_unused]] Needs needs) {
        if constexpr (Order < pointwise_max_order) {
          return pointwise_partials<Order>(op, f, std::index_sequence_for<X...>{}, dy, needs, xs...);
        } else {
          static_cast<void>(f);  // this order's formula is not differentiated
          throw Error(
              fmt::format(
                  "{}: derivatives of its formula beyond the second order are not compiled; write the op with record()",
                  op.name),
              op.place);
          return Grads{};
        }
      });
}

template <class D, class... X, std::size_t... I>
Grads given_partials(const OpName& op, const D& d, std::index_sequence<I...>, const Tensor& dy, Needs needs,
                     const X&... xs) {
  return Grads{
      (needs[I] ? Gradient(pointwise_at<1>(
                      op, Chained<std::tuple_element_t<I, decltype(d.formulas)>>{std::get<I>(d.formulas)}, dy, xs...))
                : Gradient())...};
}

}  // namespace detail

/// See the top of this file.
template <class F, class... X>
requires(std::same_as<X, Tensor>&&...) Tensor pointwise(const OpName& op, F f, const Tensor& x, const X&... more) {
  return detail::pointwise_at<0>(op, f, x, more...);
}

template <class F, class... D, class... X>
requires(sizeof...(D) == sizeof...(X)) Tensor pointwise(const OpName& op, F f, Derivatives<D...> d, const X&... xs) {
  using S = Real<double>;
  constexpr bool reads_output = (... || !std::is_invocable_v<D, decltype((void)xs, S{})...>);
  Tensor value = detail::pointwise_forward(op, f, xs...);
  if constexpr (reads_output) {
    return record(op, std::move(value), {Input(xs)...}, [op, d, xs...](const Tensor& dy, const Tensor& y, Needs needs) {
      return detail::given_partials(op, d, std::index_sequence_for<X...>{}, dy, needs, xs..., y);
    });
  } else {
    return record(op, std::move(value), {Input(xs)...}, [op, d, xs...](const Tensor& dy, Needs needs) {
      return detail::given_partials(op, d, std::index_sequence_for<X...>{}, dy, needs, xs...);
    });
  }
}

/// One input, and a derivative d(y) that needs only the result, so that the input is not kept.
template <class F, class D>
Tensor pointwise_by_output(const OpName& op, F f, D d, const Tensor& x) {
  return record(op, detail::pointwise_forward(op, f, x), {unread(x)}, [op, d](const Tensor& dy, const Tensor& y) {
    return Grads{detail::pointwise_at<1>(op, detail::Chained<D>{d}, dy, y)};
  });
}

}  // namespace gradus
