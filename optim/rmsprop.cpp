#include <gradus/optim/rmsprop.h>

#include <cmath>

#include <gradus/optim/internal/multiply_add.h>
#include <gradus/optim/internal/option.h>

namespace gradus::optim {

namespace {

const RMSpropOptions& checked_options(const RMSpropOptions& o) {
  checked("RMSprop", "alpha", o.alpha, o.alpha >= 0 && o.alpha < 1, "at least 0 and less than 1");
  checked("RMSprop", "eps", o.eps, o.eps >= 0 && std::isfinite(o.eps), "a finite number >= 0");
  checked("RMSprop", "momentum", o.momentum, o.momentum >= 0 && std::isfinite(o.momentum), "a finite number >= 0");
  return o;
}

std::vector<std::string> moment_names(const RMSpropOptions& o) {
  std::vector<std::string> names = {"square_avg"};
  if (o.momentum > 0) names.push_back("momentum_buffer");
  if (o.centered) names.push_back("grad_avg");
  return names;
}

/// The constants of the update of one stretch.
template <class T>
struct RMSpropFactors {
  T scale;  // of the gradient
  T decay;  // of p, into the gradient
  T alpha, share;
  T eps, momentum, lr;
};

template <bool centered, bool momentum, class T>
void rmsprop(T* __restrict p, const T* __restrict gradient, T* __restrict v, T* __restrict b, T* __restrict m, Index n,
             const RMSpropFactors<T>& factors) {
  const RMSpropFactors<T> f = factors;
  for (Index i = 0; i < n; ++i) {
    const T g = multiply_add(f.decay, p[i], gradient[i] * f.scale);
    T square = multiply_add(f.alpha, v[i], f.share * g * g);
    v[i] = square;
    if constexpr (centered) {
      const T mean = multiply_add(f.alpha, m[i], f.share * g);
      m[i] = mean;
      square = multiply_add(-mean, mean, square);
      if (square < 0) square = 0;
    }
    const T d = g / (std::sqrt(square) + f.eps);
    if constexpr (momentum) {
      b[i] = multiply_add(f.momentum, b[i], d);
      p[i] = multiply_add(-f.lr, b[i], p[i]);
    } else {
      p[i] = multiply_add(-f.lr, d, p[i]);
    }
  }
}

}  // namespace

RMSprop::RMSprop(const ParameterGroups& parameters, const RMSpropOptions& options)
    : Optimizer("RMSprop", parameters, checked_options(options).weight_decay, moment_names(options)),
      options_(options) {}

void RMSprop::update(const Stretch& s) const {
  const RMSpropOptions& o = options_;
  dispatch_floating(s.dtype, [&](auto zero) {
    using T = decltype(zero);
    const RMSpropFactors<T> factors{
        .scale = static_cast<T>(s.grad_scale),
        .decay = static_cast<T>(s.weight_decay),
        .alpha = static_cast<T>(o.alpha),
        .share = static_cast<T>(1 - o.alpha),
        .eps = static_cast<T>(o.eps),
        .momentum = static_cast<T>(o.momentum),
        .lr = static_cast<T>(s.lr),
    };
    const bool momentum = o.momentum > 0;
    const auto run = o.centered ? (momentum ? rmsprop<true, true, T> : rmsprop<true, false, T>)
                                : (momentum ? rmsprop<false, true, T> : rmsprop<false, false, T>);
    run(s.parameter<T>(), s.gradient<T>(), s.moment<T>(0), momentum ? s.moment<T>(1) : nullptr,
        o.centered ? s.moment<T>(momentum ? 2 : 1) : nullptr, s.count, factors);
  });
}

}  // namespace gradus::optim
