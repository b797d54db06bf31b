#include <gradus/bench/every_op.h>

#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>

namespace gradus::bench {
// The operands and calls of each op.
namespace every {
namespace {

using In = const std::vector<Tensor>&;
using Operands = std::vector<Tensor>;

constexpr Index columns = 512, channels = 16, side = 16, width = 64;

Tensor normal(const Shape& shape, std::uint64_t stream = 1) { return Tensor::normal(shape, 0, 1, Philox(1, stream)); }
Tensor leaf(const Shape& shape, std::uint64_t stream = 1) { return normal(shape, stream).set_requires_grad(); }
Tensor uniform(const Shape& shape, double low, double high, std::uint64_t stream = 1) {
  return Tensor::uniform(shape, low, high, Philox(1, stream));
}

// Ids below `bound`.
Tensor ids(const Shape& shape, Index bound) {
  std::vector<Index> all(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<Index>(Philox(1, 9).below(i, static_cast<std::uint64_t>(bound)));
  return Tensor::from(all, shape);
}

Shape rows_of(Index n) { return {n / columns, columns}; }
Shape images_of(Index n) { return {n / (channels * side * side), channels, side, side}; }
Shape signals_of(Index n) { return {n / (channels * width), channels, width}; }

Operands one(Index n) { return {leaf({n})}; }
Operands positive(Index n) { return {uniform({n}, 0.5, 2).set_requires_grad()}; }
Operands two(Index n) { return {leaf({n}, 1), leaf({n}, 2)}; }
Operands two_positive(Index n) {
  return {uniform({n}, 0.5, 2, 1).set_requires_grad(), uniform({n}, 0.5, 2, 2).set_requires_grad()};
}
Operands plain(Index n) { return {normal({n})}; }
Operands two_plain(Index n) { return {normal({n}, 1), normal({n}, 2)}; }
Operands with_mask(Index n) { return {leaf({n}, 1), to(greater(normal({n}, 2), 0.0), DType::f32)}; }
Operands rows(Index n) { return {leaf(rows_of(n))}; }
Operands rows_with_vectors(Index n) { return {leaf(rows_of(n)), leaf({columns}, 2), leaf({columns}, 3)}; }
Operands rows_with_ids(Index n) { return {leaf(rows_of(n)), ids({n / columns}, columns)}; }
Operands rows_with_row_ids(Index n) { return {leaf(rows_of(n)), ids({n / columns}, n / columns)}; }
Operands rows_with_places(Index n) { return {leaf(rows_of(n)), ids(rows_of(n), columns), leaf(rows_of(n), 2)}; }
Operands log_rows(Index n) {
  return {log_softmax(normal(rows_of(n)), -1).set_requires_grad(), ids({n / columns}, columns)};
}
Operands distributions(Index n) {
  return {log_softmax(normal(rows_of(n)), -1).set_requires_grad(), softmax(normal(rows_of(n), 2), -1)};
}
Operands probabilities(Index n) { return {uniform({n}, 0.1, 0.9, 1).set_requires_grad(), uniform({n}, 0, 1, 2)}; }
Operands with_target(Index n) { return {leaf({n}, 1), normal({n}, 2)}; }
Operands square_matrix(Index n) {
  Index size = 1;
  while (4 * size * size <= n) size *= 2;
  return {leaf({size, size})};
}
Operands images(Index n) { return {leaf(images_of(n))}; }
Operands images_with_kernels(Index n) {
  return {leaf(images_of(n)), leaf({channels, channels, 3, 3}, 2), leaf({channels}, 3)};
}
Operands images_with_channels(Index n) { return {leaf(images_of(n)), leaf({channels}, 2), leaf({channels}, 3)}; }
Operands patches(Index n) { return {leaf({n / (channels * side * side), side * side, channels * 9})}; }
Operands signals(Index n) { return {leaf(signals_of(n))}; }
Operands signals_with_kernels(Index n) {
  return {leaf(signals_of(n)), leaf({channels, channels, 3}, 2), leaf({channels}, 3)};
}
Operands matrices(Index n) { return {leaf(rows_of(n), 1), leaf({columns, columns}, 2), leaf({columns}, 3)}; }
// [batch, 64, 512] each
Operands sequences(Index n) {
  const Shape shape{n / (width * columns), width, columns};
  return {leaf(shape, 1), leaf(shape, 2), leaf(shape, 3)};
}
Operands lstm(Index n) { return {leaf({n / columns, columns}, 1), leaf({n / columns, columns / 4}, 2)}; }
Operands gru(Index n) {
  const Shape gates{n / columns, 3 * (columns / 4)};
  return {leaf(gates, 1), leaf(gates, 2), leaf({n / columns, columns / 4}, 3)};
}
// log_probs [64, batch, 32], targets of 16 labels
Operands frames(Index n) {
  const Index batch = n / (width * 32);
  return {log_softmax(normal({width, batch, 32}), -1).set_requires_grad(), add(ids({batch, 16}, 31), 1),
          Tensor::full({batch}, width, DType::i64), Tensor::full({batch}, 16, DType::i64)};
}

// The scope of random numbers that an op needs.
template <class F>
Tensor drawn(F f) {
  const RandomScope scope(1, 0);
  return f();
}

const EveryOp all[] = {
    // arithmetic
    {"add", two, [](In in) { return add(in[0], in[1]); }},
    {"sub", two, [](In in) { return sub(in[0], in[1]); }},
    {"mul", two, [](In in) { return mul(in[0], in[1]); }},
    {"div", two_positive, [](In in) { return div(in[0], in[1]); }},
    {"add_scaled", two, [](In in) { return add_scaled(in[0], in[1], 0.5); }},
    {"minimum", two, [](In in) { return minimum(in[0], in[1]); }},
    {"maximum", two, [](In in) { return maximum(in[0], in[1]); }},
    {"pow", two_positive, [](In in) { return pow(in[0], in[1]); }},
    {"neg", one, [](In in) { return neg(in[0]); }},
    {"square", one, [](In in) { return square(in[0]); }},
    {"remainder", two_positive, [](In in) { return remainder(in[0], in[1]); }},
    {"floor_divide", two_plain, [](In in) { return floor_divide(in[0], in[1]); }},
    // functions
    {"exp", one, [](In in) { return exp(in[0]); }},
    {"expm1", one, [](In in) { return expm1(in[0]); }},
    {"log", positive, [](In in) { return log(in[0]); }},
    {"log1p", positive, [](In in) { return log1p(in[0]); }},
    {"sqrt", positive, [](In in) { return sqrt(in[0]); }},
    {"rsqrt", positive, [](In in) { return rsqrt(in[0]); }},
    {"reciprocal", positive, [](In in) { return reciprocal(in[0]); }},
    {"sin", one, [](In in) { return sin(in[0]); }},
    {"cos", one, [](In in) { return cos(in[0]); }},
    {"erf", one, [](In in) { return erf(in[0]); }},
    {"tanh", one, [](In in) { return tanh(in[0]); }},
    {"sigmoid", one, [](In in) { return sigmoid(in[0]); }},
    {"relu", one, [](In in) { return relu(in[0]); }},
    {"gelu", one, [](In in) { return gelu(in[0]); }},
    {"silu", one, [](In in) { return silu(in[0]); }},
    {"softplus", one, [](In in) { return softplus(in[0]); }},
    {"abs", one, [](In in) { return abs(in[0]); }},
    {"clamp", one, [](In in) { return clamp(in[0], -1, 1); }},
    {"clamp_min", one, [](In in) { return clamp_min(in[0], 0); }},
    {"clamp_max", one, [](In in) { return clamp_max(in[0], 0); }},
    {"floor", one, [](In in) { return floor(in[0]); }},
    {"ceil", one, [](In in) { return ceil(in[0]); }},
    {"round", one, [](In in) { return round(in[0]); }},
    {"trunc", one, [](In in) { return trunc(in[0]); }},
    {"sign", one, [](In in) { return sign(in[0]); }},
    // activations
    {"leaky_relu", one, [](In in) { return leaky_relu(in[0]); }},
    {"elu", one, [](In in) { return elu(in[0]); }},
    {"celu", one, [](In in) { return celu(in[0]); }},
    {"selu", one, [](In in) { return selu(in[0]); }},
    {"mish", one, [](In in) { return mish(in[0]); }},
    {"log_sigmoid", one, [](In in) { return log_sigmoid(in[0]); }},
    {"hardtanh", one, [](In in) { return hardtanh(in[0]); }},
    {"hardsigmoid", one, [](In in) { return hardsigmoid(in[0]); }},
    {"hardswish", one, [](In in) { return hardswish(in[0]); }},
    {"glu", rows, [](In in) { return glu(in[0]); }},
    // comparison
    {"where", with_mask, [](In in) { return where(in[1], in[0], 0.0); }},
    {"masked_fill", with_mask, [](In in) { return masked_fill(in[0], in[1], 0.0); }},
    {"equal", two_plain, [](In in) { return equal(in[0], in[1]); }},
    {"not_equal", two_plain, [](In in) { return not_equal(in[0], in[1]); }},
    {"less", two_plain, [](In in) { return less(in[0], in[1]); }},
    {"less_equal", two_plain, [](In in) { return less_equal(in[0], in[1]); }},
    {"greater", two_plain, [](In in) { return greater(in[0], in[1]); }},
    {"greater_equal", two_plain, [](In in) { return greater_equal(in[0], in[1]); }},
    {"logical_and", two_plain, [](In in) { return logical_and(in[0], in[1]); }},
    {"logical_or", two_plain, [](In in) { return logical_or(in[0], in[1]); }},
    {"logical_xor", two_plain, [](In in) { return logical_xor(in[0], in[1]); }},
    {"logical_not", plain, [](In in) { return logical_not(in[0]); }},
    {"isnan", plain, [](In in) { return isnan(in[0]); }},
    {"isinf", plain, [](In in) { return isinf(in[0]); }},
    {"isfinite", plain, [](In in) { return isfinite(in[0]); }},
    {"isclose", two_plain, [](In in) { return isclose(in[0], in[1]); }},
    // shapes: views, and copies
    {"reshape", rows, [](In in) { return reshape(in[0], {in[0].numel()}); }},
    {"flatten", images, [](In in) { return flatten(in[0], 1); }},
    {"squeeze", rows, [](In in) { return squeeze(in[0]); }},
    {"unsqueeze", rows, [](In in) { return unsqueeze(in[0], 1); }},
    {"transpose", rows, [](In in) { return transpose(in[0], 0, 1); }},
    {"permute", images,
     [](In in) {
       return permute(in[0], {0, 2, 3, 1});
     }},
    {"movedim", images, [](In in) { return movedim(in[0], {1}, {3}); }},
    {"expand", rows_with_vectors, [](In in) { return expand(in[1], in[0].shape()); }},
    {"sum_to", rows, [](In in) { return sum_to(in[0], {columns}); }},
    {"narrow", rows, [](In in) { return narrow(in[0], 1, 0, columns / 2); }},
    {"select", rows, [](In in) { return select(in[0], 1, 0); }},
    {"slice", rows, [](In in) { return slice(in[0], 1, 0, columns, 2); }},
    {"pad", rows, [](In in) { return pad(in[0], 1, 1, 1); }},
    {"flip", rows, [](In in) { return flip(in[0], {1}); }},
    {"roll", rows, [](In in) { return roll(in[0], {1}, {1}); }},
    {"split", rows, [](In in) { return split(in[0], columns / 2, 1)[0]; }},
    {"chunk", rows, [](In in) { return chunk(in[0], 2, 1)[0]; }},
    {"unbind", rows, [](In in) { return unbind(in[0], 1)[0]; }},
    {"concat", two,
     [](In in) {
       return concat({in[0], in[1]}, 0);
     }},
    {"stack", two,
     [](In in) {
       return stack({in[0], in[1]}, 1);
     }},
    {"repeat", rows,
     [](In in) {
       return repeat(in[0], {1, 2});
     }},
    {"tile", rows, [](In in) { return tile(in[0], {2}); }},
    {"repeat_interleave", rows, [](In in) { return repeat_interleave(in[0], 2, {1}); }},
    {"to", plain, [](In in) { return to(in[0], DType::f64); }},
    {"clone", one, [](In in) { return clone(in[0]); }},
    {"tril", square_matrix, [](In in) { return tril(in[0]); }},
    {"triu", square_matrix, [](In in) { return triu(in[0]); }},
    {"diagonal", square_matrix, [](In in) { return diagonal(in[0]); }},
    {"trace", square_matrix, [](In in) { return trace(in[0]); }},
    // indexing
    {"embedding", rows_with_row_ids, [](In in) { return embedding(in[0], in[1]); }},
    {"one_hot", rows_with_ids, [](In in) { return one_hot(in[1], columns); }},
    {"index_select", rows_with_row_ids, [](In in) { return index_select(in[0], 0, in[1]); }},
    {"index_add", rows_with_row_ids, [](In in) { return index_add(in[0], 0, in[1], in[0].shape()[0]); }},
    {"gather", rows_with_places, [](In in) { return gather(in[0], 1, in[1]); }},
    {"scatter", rows_with_places, [](In in) { return scatter(in[0], 1, in[1], in[2]); }},
    {"scatter_add", rows_with_places, [](In in) { return scatter_add(in[0], 1, in[1], in[2]); }},
    // reductions
    {"sum", rows, [](In in) { return sum(in[0], {-1}); }},
    {"mean", rows, [](In in) { return mean(in[0], {-1}); }},
    {"var", rows, [](In in) { return var(in[0], {-1}); }},
    {"std", rows, [](In in) { return std(in[0], {-1}); }},
    {"norm", rows, [](In in) { return norm(in[0], 2, {-1}); }},
    {"max", rows, [](In in) { return max(in[0], {-1}); }},
    {"min", rows, [](In in) { return min(in[0], {-1}); }},
    {"max_with_indices", rows, [](In in) { return max_with_indices(in[0], -1).values; }},
    {"min_with_indices", rows, [](In in) { return min_with_indices(in[0], -1).values; }},
    {"prod", rows, [](In in) { return prod(in[0], {-1}); }},
    {"cumsum", rows, [](In in) { return cumsum(in[0], -1); }},
    {"cumprod", rows, [](In in) { return cumprod(in[0], -1); }},
    {"argmax", rows, [](In in) { return argmax(in[0], -1); }},
    {"argmin", rows, [](In in) { return argmin(in[0], -1); }},
    {"any", rows, [](In in) { return any(in[0], {-1}); }},
    {"all", rows, [](In in) { return gradus::all(in[0], {-1}); }},
    {"count_nonzero", rows, [](In in) { return count_nonzero(in[0], {-1}); }},
    {"sort", rows, [](In in) { return sort(in[0], -1).values; }},
    {"argsort", rows, [](In in) { return argsort(in[0], -1); }},
    {"topk", rows, [](In in) { return topk(in[0], 8, -1).values; }},
    // softmax, normalisation, dropout
    {"softmax", rows, [](In in) { return softmax(in[0], -1); }},
    {"log_softmax", rows, [](In in) { return log_softmax(in[0], -1); }},
    {"logsumexp", rows, [](In in) { return logsumexp(in[0], -1); }},
    {"layer_norm", rows_with_vectors, [](In in) { return layer_norm(in[0], in[1], in[2]); }},
    {"rms_norm", rows_with_vectors, [](In in) { return rms_norm(in[0], in[1]); }},
    {"batch_norm", images_with_channels, [](In in) { return batch_norm(in[0], {}, {}, in[1], in[2], true); }},
    {"group_norm", images_with_channels, [](In in) { return group_norm(in[0], 4, in[1], in[2]); }},
    {"dropout", one, [](In in) { return drawn([&] { return dropout(in[0], 0.5); }); }},
    // products
    {"matmul", matrices, [](In in) { return matmul(in[0], in[1]); }},
    {"linear", matrices, [](In in) { return linear(in[0], in[1], in[2]); }},
    {"einsum", matrices, [](In in) { return einsum("ij,jk->ik", {in[0], in[1]}); }},
    {"attention", sequences, [](In in) { return attention(in[0], in[1], in[2], 8); }},
    {"attention_weights", sequences, [](In in) { return attention_weights(in[0], in[1], 8); }},
    {"causal_mask", square_matrix, [](In in) { return causal_mask(in[0].shape()[0]); }},
    {"conv1d", signals_with_kernels, [](In in) { return conv1d(in[0], in[1], in[2], {.padding = 1}); }},
    {"conv2d", images_with_kernels, [](In in) { return conv2d(in[0], in[1], in[2], {.padding = 1}); }},
    {"conv_transpose1d", signals_with_kernels,
     [](In in) { return conv_transpose1d(in[0], in[1], in[2], {.padding = 1}); }},
    {"conv_transpose2d", images_with_kernels,
     [](In in) { return conv_transpose2d(in[0], in[1], in[2], {.padding = 1}); }},
    {"unfold", images, [](In in) { return unfold(in[0], 3, 3, 1, 1); }},
    {"fold", patches, [](In in) { return fold(in[0], {in[0].shape()[0], channels, side, side}, 3, 3, 1, 1); }},
    {"max_pool1d", signals, [](In in) { return max_pool1d(in[0], 2); }},
    {"max_pool2d", images, [](In in) { return max_pool2d(in[0], 2); }},
    {"max_pool2d_with_indices", images, [](In in) { return max_pool2d_with_indices(in[0], 2).values; }},
    {"avg_pool1d", signals, [](In in) { return avg_pool1d(in[0], 2); }},
    {"avg_pool2d", images, [](In in) { return avg_pool2d(in[0], 2); }},
    {"adaptive_avg_pool1d", signals, [](In in) { return adaptive_avg_pool1d(in[0], 4); }},
    {"adaptive_avg_pool2d", images, [](In in) { return adaptive_avg_pool2d(in[0], 4); }},
    {"lstm_gates", lstm, [](In in) { return lstm_gates(in[0], in[1]).hidden; }},
    {"gru_gates", gru, [](In in) { return gru_gates(in[0], in[1], in[2]); }},
    // losses
    {"cross_entropy", rows_with_ids, [](In in) { return cross_entropy(in[0], in[1]); }},
    {"nll_loss", log_rows, [](In in) { return nll_loss(in[0], in[1]); }},
    {"binary_cross_entropy", probabilities, [](In in) { return binary_cross_entropy(in[0], in[1]); }},
    {"binary_cross_entropy_with_logits", probabilities,
     [](In in) { return binary_cross_entropy_with_logits(in[0], in[1]); }},
    {"mse_loss", with_target, [](In in) { return mse_loss(in[0], in[1]); }},
    {"l1_loss", with_target, [](In in) { return l1_loss(in[0], in[1]); }},
    {"smooth_l1_loss", with_target, [](In in) { return smooth_l1_loss(in[0], in[1]); }},
    {"huber_loss", with_target, [](In in) { return huber_loss(in[0], in[1]); }},
    {"kl_div", distributions, [](In in) { return kl_div(in[0], in[1]); }},
    {"ctc_loss", frames, [](In in) { return ctc_loss(in[0], in[1], in[2], in[3]); }},
    // random numbers and new tensors
    {"multinomial", distributions, [](In in) { return drawn([&] { return multinomial(in[1], 1); }); }},
    {"bernoulli", probabilities, [](In in) { return drawn([&] { return bernoulli(in[1]); }); }},
    {"rand_like", plain, [](In in) { return drawn([&] { return rand_like(in[0]); }); }},
    {"randn_like", plain, [](In in) { return drawn([&] { return randn_like(in[0]); }); }},
    {"zeros_like", plain, [](In in) { return zeros_like(in[0]); }},
    {"ones_like", plain, [](In in) { return ones_like(in[0]); }},
    {"full_like", plain, [](In in) { return full_like(in[0], 2); }},
    {"eye", square_matrix, [](In in) { return eye(in[0].shape()[0]); }},
    {"linspace", plain, [](In in) { return linspace(0, 1, in[0].numel()); }},
};

}  // namespace
}  // namespace every

std::span<const EveryOp> every_op() { return every::all; }

}  // namespace gradus::bench
