#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/internal/scratch.h>

// For norms with a weight and a bias, each of which may be undefined.
namespace gradus {

/// Throws unless eps, which is added to a variance, is at least 0.
inline void check_epsilon(const OpName& op, double eps) {
  if (!(eps >= 0)) throw Error(fmt::format("{}: eps is {}, expected at least 0", op.name, eps), op.place);
}

/// The n values of a tensor, or n times `otherwise` if it is undefined.
template <class T>
class Row {
 public:
  Row(const Tensor& t, Index n, T otherwise) : constant_(t.defined() ? 1 : n) {
    if (!t.defined()) std::fill_n(constant_.data(), n, otherwise);
    values_ = t.defined() ? t.data<T>() : constant_.data();
  }
  operator const T*() const { return values_; }

 private:
  Scratch<T> constant_;
  const T* values_;
};

/// Records y, the norm of x. `constants` are read in backward, and get no gradient. plain(x, weight, bias) computes the
/// norm in plain ops, for derivatives of higher order. backward(dy, dx, dw, db) writes the gradients, with dw and db
/// null where weight and bias are undefined; these begin as zeros.
template <class Plain, class Backward>
Tensor record_norm(const OpName& op, Tensor y, const Tensor& x, const Tensor& weight, const Tensor& bias,
                   const std::vector<Tensor>& constants, Plain plain, Backward backward) {
  std::vector<Input> inputs{x};
  if (weight.defined()) inputs.push_back(weight);
  if (bias.defined()) inputs.push_back(unread(bias));
  inputs.insert(inputs.end(), constants.begin(), constants.end());
  return record(op, std::move(y), inputs,
                [x, weight, bias, plain, backward, others = std::ssize(constants)](const Tensor& dy, Needs needs) {
                  Grads grads;
                  if (grad_enabled()) {
                    std::vector<Tensor> given{x};
                    if (weight.defined()) given.push_back(weight);
                    if (bias.defined()) given.push_back(bias);
                    grads = gradients_through(
                        [&](const std::vector<Tensor>& v) {
                          return plain(v[0], weight.defined() ? v[1] : Tensor(), bias.defined() ? v.back() : Tensor());
                        },
                        given, dy, needs);
                  } else {
                    Tensor dx = Tensor::empty(x.shape(), x.dtype()), dw, db;
                    if (weight.defined()) dw = Tensor::zeros(weight.shape(), x.dtype());
                    if (bias.defined()) db = Tensor::zeros(bias.shape(), x.dtype());
                    dispatch_floating(x.dtype(), [&](auto zero) {
                      using T = decltype(zero);
                      backward(dy, dx.mutable_data<T>(), dw.defined() ? dw.mutable_data<T>() : nullptr,
                               db.defined() ? db.mutable_data<T>() : nullptr);
                    });
                    grads.push_back(dx);
                    if (weight.defined()) grads.push_back(dw);
                    if (bias.defined()) grads.push_back(db);
                  }
                  for (Index i = 0; i < others; ++i) grads.push_back({});
                  return grads;
                });
}

}  // namespace gradus
