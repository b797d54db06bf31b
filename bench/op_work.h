#pragma once

#include <span>

#include <gradus/autograd/engine/node.h>

namespace gradus::bench {

/// The bytes of a tensor's elements.
inline double bytes_of(const Tensor& t) { return static_cast<double>(t.numel() * size_of(t.dtype())); }

/// The work of an op, counted from shapes.
///
/// - flops: 2 per multiply-add of a product (matmul, linear, convolutions, both products of attention, without regard
/// to
///   its causal mask); 1 per element of the largest tensor of any other op, whatever its function; 0 of ops that only
///   move values, and of sums of gradients.
/// - bytes: each tensor that the op must read or write, once; 0 of a view.
struct Work {
  double flops = 0, bytes = 0;
};

/// The work of an op that computed `value`.
Work work_of(const OpName& op, const Tensor& value, std::span<const Input> inputs);

/// Of an op, for the work of its rule: its flops, and the bytes of the inputs that the rule reads.
struct ForwardWork {
  double flops = 0, read = 0;
};

/// The work of a rule that returned `grads` for dy. The products of a weight are counted when they are computed, by
/// `product_work`.
Work rule_work(const Node& node, const ForwardWork& forward, const Tensor& dy, Needs needs, const Grads& grads);

/// The work of dyᵀ x, of x [rows, in] and dy [rows, out].
Work product_work(const Tensor& x, const Tensor& dy);

}  // namespace gradus::bench
