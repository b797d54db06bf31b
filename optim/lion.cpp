#include <gradus/optim/lion.h>

#include <gradus/optim/internal/multiply_add.h>
#include <gradus/optim/internal/option.h>

namespace gradus::optim {

namespace {

const LionOptions& checked_options(const LionOptions& o) {
  checked("Lion", "beta1", o.beta1, o.beta1 >= 0 && o.beta1 < 1, "at least 0 and less than 1");
  checked("Lion", "beta2", o.beta2, o.beta2 >= 0 && o.beta2 < 1, "at least 0 and less than 1");
  return o;
}

/// The constants of the update of one stretch.
template <class T>
struct LionFactors {
  T scale;          // of the gradient
  T keep;           // of p, before the update
  T beta1, share1;  // of m and of g, in the update
  T beta2, share2;  // of m and of g, in the next m
  T lr;
};

template <class T>
void lion(T* __restrict p, const T* __restrict gradient, T* __restrict m, Index n, const LionFactors<T>& factors) {
  const LionFactors<T> f = factors;
  for (Index i = 0; i < n; ++i) {
    const T g = gradient[i] * f.scale;
    const T c = multiply_add(f.beta1, m[i], f.share1 * g);
    const T sign = c > 0 ? T{1} : c < 0 ? T{-1} : c;  // NaN stays NaN
    p[i] = multiply_add(-f.lr, sign, p[i] * f.keep);
    m[i] = multiply_add(f.beta2, m[i], f.share2 * g);
  }
}

}  // namespace

Lion::Lion(const ParameterGroups& parameters, const LionOptions& options)
    : Optimizer("Lion", parameters, checked_options(options).weight_decay, {"exp_avg"}), options_(options) {}

void Lion::update(const Stretch& s) const {
  const LionOptions& o = options_;
  dispatch_floating(s.dtype, [&](auto zero) {
    using T = decltype(zero);
    const LionFactors<T> factors{
        .scale = static_cast<T>(s.grad_scale),
        .keep = static_cast<T>(1 - s.lr * s.weight_decay),
        .beta1 = static_cast<T>(o.beta1),
        .share1 = static_cast<T>(1 - o.beta1),
        .beta2 = static_cast<T>(o.beta2),
        .share2 = static_cast<T>(1 - o.beta2),
        .lr = static_cast<T>(s.lr),
    };
    lion(s.parameter<T>(), s.gradient<T>(), s.moment<T>(0), s.count, factors);
  });
}

}  // namespace gradus::optim
