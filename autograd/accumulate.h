#pragma once

#include "autograd/tensor.h"

// What the engine itself computes, outside the graph.
namespace gradus {

/// sum += g, of one shape and dtype.
void add_into(Tensor& sum, const Tensor& g);

/// out = aᵀ b, or out += aᵀ b: a [rows, m], b [rows, n], out [m, n].
void product_of_rows(const Tensor& a, const Tensor& b, Tensor& out, bool accumulate);

bool all_finite(const Tensor& x);

}  // namespace gradus
