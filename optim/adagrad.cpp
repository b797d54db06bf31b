#include <gradus/optim/adagrad.h>

#include <cmath>

#include <gradus/optim/internal/multiply_add.h>
#include <gradus/optim/internal/option.h>

namespace gradus::optim {

namespace {

const AdagradOptions& checked_options(const AdagradOptions& o) {
  const auto at_least_0 = [](const char* option, double value) {
    checked("Adagrad", option, value, value >= 0 && std::isfinite(value), "a finite number >= 0");
  };
  at_least_0("lr_decay", o.lr_decay);
  at_least_0("initial_accumulator_value", o.initial_accumulator_value);
  at_least_0("eps", o.eps);
  return o;
}

template <class T>
void adagrad(T* __restrict p, const T* __restrict gradient, T* __restrict sum, Index n, T scale, T decay, T first, T lr,
             T eps) {
  for (Index i = 0; i < n; ++i) {
    const T g = multiply_add(decay, p[i], gradient[i] * scale);
    const T s = multiply_add(g, g, sum[i] + first);
    sum[i] = s;
    p[i] = multiply_add(-lr, g / (std::sqrt(s) + eps), p[i]);
  }
}

}  // namespace

Adagrad::Adagrad(const ParameterGroups& parameters, const AdagradOptions& options)
    : Optimizer("Adagrad", parameters, checked_options(options).weight_decay, {"sum"}), options_(options) {}

void Adagrad::update(const Stretch& s) const {
  const AdagradOptions& o = options_;
  const double lr = s.lr / (1 + static_cast<double>(s.step - 1) * o.lr_decay);
  const double first = s.step == 1 ? o.initial_accumulator_value : 0;
  dispatch_floating(s.dtype, [&](auto zero) {
    using T = decltype(zero);
    adagrad(s.parameter<T>(), s.gradient<T>(), s.moment<T>(0), s.count, static_cast<T>(s.grad_scale),
            static_cast<T>(s.weight_decay), static_cast<T>(first), static_cast<T>(lr), static_cast<T>(o.eps));
  });
}

}  // namespace gradus::optim
