#pragma once

#include <span>

#include <gradus/autograd/engine/node.h>

// The arithmetic of backward itself.
namespace gradus {

/// A copy with its own bytes, outside the graph.
Tensor copy_of(const OpName& op, const Tensor& x);

/// sum += g, of one shape and dtype.
void add_into(Tensor& sum, const Tensor& g);

/// sum = sum + g, in place where nothing else holds the values of sum. An undefined sum becomes g. Recorded while
/// grad_enabled().
void accumulate(Tensor& sum, Tensor g);

/// Adds gradients, all of them additions, to sum, the gradient of `node`. An undefined sum counts as zero.
void accumulate_additions(Tensor& sum, std::span<const Gradient> additions, const Node& node);

/// out = aᵀ b, or out += aᵀ b: a [rows, m], b [rows, n], out [m, n].
void product_of_rows(const Tensor& a, const Tensor& b, Tensor& out, bool accumulate);

}  // namespace gradus
