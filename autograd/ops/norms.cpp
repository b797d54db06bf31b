#include <gradus/autograd/ops/norms.h>

#include <algorithm>
#include <cmath>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/internal/sum_axes.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/rounding.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

namespace {

// d norm / dx = sign(x) (|x| / norm)^(p - 1), without division by 0. y: the norms, with all axes.
Tensor slopes(const Tensor& x, double p, const Tensor& y) {
  const Tensor zero_norm = equal(y.detach(), 0);
  const Tensor share = where(zero_norm, 0, div(x, where(zero_norm, 1, y)));
  if (p == 2) return share;
  if (std::fmod(p, 2) == 0 && p > 0) return pow(share, p - 1);
  const Tensor zero_share = equal(share.detach(), 0);
  const Tensor magnitude = where(zero_share, 1, abs(share));
  return where(zero_share, 0, mul(sign(share.detach()), pow(magnitude, p - 1)));
}

}  // namespace

Tensor norm(const Tensor& x, Scalar p, const Axes& axes, Flag keepdim, Place place) {
  const OpName op("norm", place);
  check_floating(op, x);
  if (std::isnan(p)) throw Error("norm: p is NaN, expected a number or an infinity", place);
  if (p == 0) return sum(not_equal({x, place}, 0), axes, keepdim, place);
  if (p == 1) return sum(abs({x, place}), axes, keepdim, place);
  if (p == INFINITY) return max(abs({x, place}), axes, keepdim, place);
  if (p == -INFINITY) return min(abs({x, place}), axes, keepdim, place);
  const std::vector<bool> named = normalise_axes(op, axes.list(), x.shape());
  const Shape kept = reduced(x.shape(), named, true);
  const Tensor values = x.detach();
  const Tensor total = p == 2 ? sum_squares(op, values, named).alias(reduced(x.shape(), named, keepdim))
                              : sum(pow({abs({values, place}), place}, p), axes, keepdim, place);
  const Tensor y = p == 2 ? sqrt({total, place}) : pow({total, place}, 1 / p);
  return record(op, y, {x}, [x, p, kept](const Tensor& dy, const Tensor& y) {
    return Grads{mul(reshape(dy, kept), slopes(x, p, reshape(y, kept)))};
  });
}

Tensor std(const Tensor& x, const Axes& axes, Integer correction, Flag keepdim, Place place) {
  const OpName op("std", place);
  check_floating(op, x);
  const Index n = elements_along(x.shape(), normalise_axes(op, axes.list(), x.shape()));
  const Tensor centred = sub({x, place}, mean(x, axes, true, place));
  // The mean of equal numbers is rounded. What remains of it would be divided by a norm of the same size.
  const Tensor remainder = mean(centred.detach(), axes, true, place);
  const double divisor = std::sqrt(static_cast<double>(std::max<Index>(0, n - correction)));
  return div({norm(sub({centred, place}, remainder), 2, axes, keepdim, place), place}, divisor);
}

}  // namespace gradus
