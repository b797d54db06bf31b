#include <gradus/bench/op_work.h>

#include <algorithm>
#include <string_view>

namespace gradus::bench {
namespace {

double numel(const Tensor& t) { return static_cast<double>(t.numel()); }

// An op of products: its flops, the number of its inputs that are factors, and the flops of the gradient of one factor
// relative to those of the op.
struct Products {
  std::string_view name;
  double (*flops)(const Tensor& value, std::span<const Input> inputs);
  Index factors;
  double per_gradient;
};

// The last axis of the first factor, or the one before it where that is transposed, is summed over.
double of_matmul(const Tensor& y, std::span<const Input> in) {
  const Shape& a = in[0].tensor->shape();
  return y.numel() == 0 ? 0 : 2 * numel(y) * static_cast<double>(a[-1] * a[-2] / y.shape()[-2]);
}

double of_linear(const Tensor& y, std::span<const Input> in) {
  return 2 * numel(y) * static_cast<double>(in[1].tensor->shape()[1]);
}

// q [batch, T, heads * d], k [batch, S, heads * d], v [batch, S, heads * e]
double of_attention(const Tensor& y, std::span<const Input> in) {
  const Shape &q = in[0].tensor->shape(), &k = in[1].tensor->shape();
  return 2 * static_cast<double>(q[0] * q[1] * k[1]) * static_cast<double>(q[2] + y.shape()[2]);
}

// An output of a convolution, or an input of a transposed one, meets the weights of its channel: weight [channels,
// ...].
double of_convolution(const Tensor& outputs, const Tensor& weight) {
  return outputs.numel() == 0 ? 0 : 2 * numel(outputs) * numel(weight) / static_cast<double>(weight.shape()[0]);
}

constexpr Products product_ops[] = {
    {"matmul", of_matmul, 2, 1},
    {"linear", of_linear, 2, 1},
    // The gradients compute the weights again, and four products of the size of one of the two.
    {"attention", of_attention, 3, 2.5 / 3},
    {"conv2d", [](const Tensor& y, std::span<const Input> in) { return of_convolution(y, *in[1].tensor); }, 2, 1},
    {"conv_transpose2d",
     [](const Tensor&, std::span<const Input> in) { return of_convolution(*in[0].tensor, *in[1].tensor); }, 2, 1},
    {"conv2d_weight", [](const Tensor& w, std::span<const Input> in) { return of_convolution(*in[1].tensor, w); }, 2,
     1},
};

const Products* products_of(std::string_view op) {
  const auto* found =
      std::find_if(std::begin(product_ops), std::end(product_ops), [&](const auto& p) { return p.name == op; });
  return found == std::end(product_ops) ? nullptr : found;
}

// Ops that move values. Of an input they read no more than they write.
constexpr std::string_view moves[] = {
    "reshape",      "permute",   "expand", "concat",  "stack",     "narrow", "select", "slice",
    "unbind",       "split",     "chunk",  "pad",     "flip",      "roll",   "repeat", "gather",
    "index_select", "to",        "clone",  "one_hot", "embedding", "unfold", "tile",   "repeat_interleave",
    "diagonal",     "checkpoint"};

bool moves_only(std::string_view op) { return std::find(std::begin(moves), std::end(moves), op) != std::end(moves); }

bool is_view(const Tensor& value, std::span<const Input> inputs) {
  return std::any_of(inputs.begin(), inputs.end(),
                     [&](const Input& in) { return in.tensor->storage() == value.storage(); });
}

}  // namespace

Work work_of(const OpName& op, const Tensor& value, std::span<const Input> inputs) {
  if (is_view(value, inputs)) return {};
  const bool moving = moves_only(op.name);
  Work work{.bytes = bytes_of(value)};
  double largest = numel(value);
  for (const Input& in : inputs) {
    work.bytes += moving ? std::min(bytes_of(*in.tensor), bytes_of(value)) : bytes_of(*in.tensor);
    largest = std::max(largest, numel(*in.tensor));
  }
  if (const Products* p = products_of(op.name))
    work.flops = p->flops(value, inputs);
  else if (!moving && is_floating(value.dtype()))
    work.flops = largest;
  return work;
}

Work rule_work(const Node& node, const ForwardWork& forward, const Tensor& dy, Needs needs, const Grads& grads) {
  const std::string_view op = node.op.name;
  const Products* p = products_of(op);
  Work work;
  for (Index i = 0; i < grads.size(); ++i) {
    if (!needs[i] || !grads[i].defined() || grads[i].is_product()) continue;
    if (p && i < p->factors) work.flops += forward.flops * p->per_gradient;
    if (!grads[i].is_tensor() || grads[i].tensor().storage() == dy.storage()) continue;
    work.bytes += bytes_of(grads[i].tensor());
    if (!p && !moves_only(op)) work.flops += numel(grads[i].tensor());
  }
  if (work.flops > 0 || work.bytes > 0) work.bytes += bytes_of(dy) + forward.read;
  return work;
}

Work product_work(const Tensor& x, const Tensor& dy) {
  const auto rows = static_cast<double>(x.shape()[0]), in = static_cast<double>(x.shape()[1]),
             out = static_cast<double>(dy.shape()[1]);
  return {2 * rows * in * out, bytes_of(x) + bytes_of(dy) + in * out * static_cast<double>(size_of(x.dtype()))};
}

}  // namespace gradus::bench
