#pragma once

#include <gradus/autograd/engine/tensor.h>

// What the engine itself computes.
namespace gradus {

/// sum += g, of one shape and dtype.
void add_into(Tensor& sum, const Tensor& g);

/// out = aᵀ b, or out += aᵀ b: a [rows, m], b [rows, n], out [m, n].
void product_of_rows(const Tensor& a, const Tensor& b, Tensor& out, bool accumulate);

/// aᵀ b as a recorded op.
Tensor product_of_rows(const Tensor& a, const Tensor& b);

bool all_finite(const Tensor& x);

}  // namespace gradus
