#include <gradus/optim/sgd.h>

#include <cmath>

#include <gradus/optim/internal/multiply_add.h>
#include <gradus/optim/internal/option.h>

namespace gradus::optim {

namespace {

const SGDOptions& checked_options(const SGDOptions& o) {
  checked("SGD", "momentum", o.momentum, o.momentum >= 0 && std::isfinite(o.momentum), "a finite number >= 0");
  checked("SGD", "dampening", o.dampening, std::isfinite(o.dampening), "a finite number");
  if (o.nesterov) {
    checked("SGD", "momentum", o.momentum, o.momentum > 0, "more than 0 with nesterov");
    checked("SGD", "dampening", o.dampening, o.dampening == 0, "0 with nesterov");
  }
  return o;
}

template <class T>
void plain(T* __restrict p, const T* __restrict g, Index n, T lr, T decay, T scale) {
  for (Index i = 0; i < n; ++i) p[i] = multiply_add(-lr, multiply_add(decay, p[i], g[i] * scale), p[i]);
}

template <bool nesterov, class T>
void with_momentum(T* __restrict p, const T* __restrict g, T* __restrict b, Index n, T lr, T decay, T scale, T momentum,
                   T share) {
  for (Index i = 0; i < n; ++i) {
    const T d = multiply_add(decay, p[i], g[i] * scale);
    b[i] = multiply_add(momentum, b[i], share * d);
    p[i] = multiply_add(-lr, nesterov ? multiply_add(momentum, b[i], d) : b[i], p[i]);
  }
}

}  // namespace

SGD::SGD(const ParameterGroups& parameters, const SGDOptions& options)
    : Optimizer("SGD", parameters, checked_options(options).weight_decay,
                options.momentum > 0 ? std::vector<std::string>{"momentum_buffer"} : std::vector<std::string>{}),
      options_(options) {}

void SGD::update(const Stretch& s) const {
  dispatch_floating(s.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T lr = static_cast<T>(s.lr), decay = static_cast<T>(s.weight_decay), scale = static_cast<T>(s.grad_scale);
    if (options_.momentum == 0) return plain(s.parameter<T>(), s.gradient<T>(), s.count, lr, decay, scale);
    const T momentum = static_cast<T>(options_.momentum),
            share = static_cast<T>(s.step == 1 ? 1 : 1 - options_.dampening);
    (options_.nesterov ? with_momentum<true, T> : with_momentum<false, T>)(s.parameter<T>(), s.gradient<T>(),
                                                                           s.moment<T>(0), s.count, lr, decay, scale,
                                                                           momentum, share);
  });
}

}  // namespace gradus::optim
