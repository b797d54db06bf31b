#include <gradus/autograd/engine/gradient.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/engine/internal/accumulate.h>
#include <gradus/autograd/engine/internal/axes.h>

namespace gradus {

namespace {

// [..., n] -> [rows, n]
Tensor as_rows(const Tensor& t) { return t.alias({rows_of(t.shape()), t.shape().back()}); }

}  // namespace

bool Gradient::product_fits(const Shape& shape, DType dtype) const {
  const Shape &x = value_.shape(), &dy = dy_.shape();
  return x.rank() > 0 && x.rank() == dy.rank() && std::equal(x.begin(), x.end() - 1, dy.begin()) &&
         shape == Shape{dy.back(), x.back()} && value_.dtype() == dtype && dy_.dtype() == dtype && is_floating(dtype);
}

std::string Gradient::describe_product() const {
  return fmt::format("of dy {} and x {}", describe(dy_), describe(value_));
}

Tensor Gradient::product_x() const { return as_rows(value_); }
Tensor Gradient::product_dy() const { return as_rows(dy_); }

Tensor Gradient::evaluate(const Shape& shape, DType dtype) const {
  if (is_product()) {
    const Tensor x = product_x(), dy = product_dy();
    Tensor product = Tensor::empty({dy.shape()[1], x.shape()[1]}, x.dtype());
    product_of_rows(dy, x, product, false);
    return product;
  }
  if (!is_addition()) return value_;
  Tensor sum = Tensor::zeros(shape, dtype);
  add_to(sum, {this, 1});
  return sum;
}

void Gradient::add_to(Tensor& sum, std::span<const Gradient> additions) {
  const Tensor before = sum;
  while (!additions.empty()) {
    const OpName& op = additions[0].addition_->op;
    const std::size_t added = additions[0].addition_->add_leading(sum, additions);
    if (sum.defined() && sum.storage() == before.storage() && sum.offset() == before.offset() &&
        sum.shape() == before.shape() && sum.dtype() == before.dtype()) {
      additions = additions.subspan(added);
      continue;
    }
    throw Error(
        fmt::format("the rule of '{}' returned an addition that replaced the sum {} by {}; an addition writes to "
                    "the sum in place",
                    op.name, describe(before), describe(sum)),
        op.place);
  }
}

}  // namespace gradus
