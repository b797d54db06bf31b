#include <gradus/autograd/engine/gradient.h>

#include <gradus/autograd/engine/internal/accumulate.h>
#include <gradus/autograd/engine/internal/axes.h>

namespace gradus {

namespace {

// [..., n] -> [rows, n]
Tensor as_rows(const Tensor& t) { return t.alias({rows_of(t.shape()), t.shape().back()}); }

}  // namespace

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
  while (!additions.empty()) additions = additions.subspan(additions[0].addition_->add_leading(sum, additions));
}

}  // namespace gradus
