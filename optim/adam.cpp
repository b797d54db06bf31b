#include <gradus/optim/adam.h>

#include <cmath>

#include <gradus/optim/internal/multiply_add.h>
#include <gradus/optim/internal/option.h>

namespace gradus::optim {

namespace {

const char* name_of(const AdamOptions& o) { return o.decoupled ? "AdamW" : "Adam"; }

const AdamOptions& checked_options(const AdamOptions& o) {
  const char* name = name_of(o);
  checked(name, "beta1", o.beta1, o.beta1 >= 0 && o.beta1 < 1, "at least 0 and less than 1");
  checked(name, "beta2", o.beta2, o.beta2 >= 0 && o.beta2 < 1, "at least 0 and less than 1");
  checked(name, "eps", o.eps, o.eps >= 0 && std::isfinite(o.eps), "a finite number >= 0");
  return o;
}

std::vector<std::string> moment_names(const AdamOptions& o) {
  if (o.amsgrad) return {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
  return {"exp_avg", "exp_avg_sq"};
}

/// The constants of the update of one stretch.
template <class T>
struct AdamFactors {
  T scale;          // of the gradient
  T decay;          // of p, into the gradient
  T keep;           // of p, before the update
  T beta1, share1;  // of m and of g
  T beta2, share2;  // of v and of g^2
  T step_size;      // lr / (1 - beta1^t)
  T root;           // 1 / sqrt(1 - beta2^t)
  T eps;
};

template <bool amsgrad, class T>
void adam(T* __restrict p, const T* __restrict gradient, T* __restrict m, T* __restrict v, T* __restrict largest,
          Index n, const AdamFactors<T>& factors) {
  const AdamFactors<T> f = factors;
  for (Index i = 0; i < n; ++i) {
    const T g = multiply_add(f.decay, p[i], gradient[i] * f.scale);
    const T mean = multiply_add(f.beta1, m[i], f.share1 * g);
    const T square = multiply_add(f.beta2, v[i], f.share2 * g * g);
    m[i] = mean;
    v[i] = square;
    T bound = square;
    if constexpr (amsgrad) {
      // Like torch.maximum, NaN stays NaN.
      bound = largest[i] >= square || largest[i] != largest[i] ? largest[i] : square;
      largest[i] = bound;
    }
    p[i] = multiply_add(-f.step_size, mean / multiply_add(std::sqrt(bound), f.root, f.eps), p[i] * f.keep);
  }
}

}  // namespace

Adam::Adam(const ParameterGroups& parameters, const AdamOptions& options)
    : Optimizer(name_of(options), parameters, checked_options(options).weight_decay, moment_names(options)),
      options_(options) {}

void Adam::update(const Stretch& s) const {
  const auto t = static_cast<double>(s.step);
  const AdamOptions& o = options_;
  dispatch_floating(s.dtype, [&](auto zero) {
    using T = decltype(zero);
    const AdamFactors<T> factors{
        .scale = static_cast<T>(s.grad_scale),
        .decay = static_cast<T>(o.decoupled ? 0 : s.weight_decay),
        .keep = static_cast<T>(o.decoupled ? 1 - s.lr * s.weight_decay : 1),
        .beta1 = static_cast<T>(o.beta1),
        .share1 = static_cast<T>(1 - o.beta1),
        .beta2 = static_cast<T>(o.beta2),
        .share2 = static_cast<T>(1 - o.beta2),
        .step_size = static_cast<T>(s.lr / (1 - std::pow(o.beta1, t))),
        .root = static_cast<T>(1 / std::sqrt(1 - std::pow(o.beta2, t))),
        .eps = static_cast<T>(o.eps),
    };
    (o.amsgrad ? adam<true, T> : adam<false, T>)(s.parameter<T>(), s.gradient<T>(), s.moment<T>(0), s.moment<T>(1),
                                                 s.moment<T>(2), s.count, factors);
  });
}

}  // namespace gradus::optim
