#pragma once

#include <vector>

#include <gradus/autograd/engine/tensor.h>

/// A leaf in f64 that requires a gradient.
inline gradus::Tensor leaf(const std::vector<double>& values, const gradus::Shape& shape) {
  return gradus::Tensor::from(values, shape).set_requires_grad();
}
/// The same with one axis.
inline gradus::Tensor leaf(const std::vector<double>& values) {
  return leaf(values, {static_cast<gradus::Index>(values.size())});
}
