#pragma once

#include <optional>
#include <vector>

#include "autograd/tensor.h"

// Every op: names, arguments, broadcasting and conventions are PyTorch's unless a line says otherwise.
//
// Shapes broadcast as in NumPy. Axes may be negative. The operands of one op have one dtype; convert with `to`.
// A mask is a tensor of any dtype whose non-zero elements mean true; comparisons return masks of 0 and 1 in the dtype
// of their operands (f32 when these are i64). Ids and indices are i64. Bad shapes, dtypes, axes and indices throw
// Error.
namespace gradus {

/// An operand of an operator (`a + b`), which remembers the place that wrote it.
struct Operand {
  const Tensor& tensor;
  Where where;
  Operand(const Tensor& t, Where w = Where::current()) : tensor(t), where(w) {}
};

// Arithmetic --------------------------------------------------------------------------------------------------------
Tensor add(const Tensor& a, const Tensor& b, Where = Where::current());
Tensor sub(const Tensor& a, const Tensor& b, Where = Where::current());
Tensor mul(const Tensor& a, const Tensor& b, Where = Where::current());
Tensor div(const Tensor& a, const Tensor& b, Where = Where::current());
Tensor add(const Tensor& a, double b, Where = Where::current());
Tensor mul(const Tensor& a, double b, Where = Where::current());
Tensor neg(const Tensor& x, Where = Where::current());
/// a^b. pow(x, 0) is 1 with gradient 0, as in PyTorch; the gradient to b is 0 where a is 0 and b >= 0.
Tensor pow(const Tensor& a, const Tensor& b, Where = Where::current());
Tensor pow(const Tensor& a, double b, Where = Where::current());
Tensor square(const Tensor& x, Where = Where::current());
/// a + scale * b
Tensor add_scaled(const Tensor& a, const Tensor& b, double scale, Where = Where::current());

inline Tensor operator+(Operand a, const Tensor& b) { return add(a.tensor, b, a.where); }
inline Tensor operator-(Operand a, const Tensor& b) { return sub(a.tensor, b, a.where); }
inline Tensor operator*(Operand a, const Tensor& b) { return mul(a.tensor, b, a.where); }
inline Tensor operator/(Operand a, const Tensor& b) { return div(a.tensor, b, a.where); }
inline Tensor operator+(Operand a, double b) { return add(a.tensor, b, a.where); }
inline Tensor operator-(Operand a, double b) { return add(a.tensor, -b, a.where); }
inline Tensor operator*(Operand a, double b) { return mul(a.tensor, b, a.where); }
inline Tensor operator/(Operand a, double b) { return mul(a.tensor, 1 / b, a.where); }
inline Tensor operator+(double a, Operand b) { return add(b.tensor, a, b.where); }
inline Tensor operator*(double a, Operand b) { return mul(b.tensor, a, b.where); }
Tensor operator-(double a, Operand b);
Tensor operator/(double a, Operand b);
inline Tensor operator-(Operand x) { return neg(x.tensor, x.where); }

// Elementwise functions ---------------------------------------------------------------------------------------------
Tensor exp(const Tensor& x, Where = Where::current());
Tensor expm1(const Tensor& x, Where = Where::current());
Tensor log(const Tensor& x, Where = Where::current());
Tensor log1p(const Tensor& x, Where = Where::current());
Tensor sqrt(const Tensor& x, Where = Where::current());
Tensor rsqrt(const Tensor& x, Where = Where::current());
Tensor reciprocal(const Tensor& x, Where = Where::current());
Tensor sin(const Tensor& x, Where = Where::current());
Tensor cos(const Tensor& x, Where = Where::current());
Tensor erf(const Tensor& x, Where = Where::current());
Tensor tanh(const Tensor& x, Where = Where::current());
Tensor sigmoid(const Tensor& x, Where = Where::current());
/// The gradient at 0 is 0.
Tensor relu(const Tensor& x, Where = Where::current());
enum class Gelu { exact, tanh };
Tensor gelu(const Tensor& x, Gelu form = Gelu::exact, Where = Where::current());
Tensor silu(const Tensor& x, Where = Where::current());
/// log(1 + exp(x)), without PyTorch's linear shortcut above a threshold.
Tensor softplus(const Tensor& x, Where = Where::current());
/// The gradient at 0 is 0.
Tensor abs(const Tensor& x, Where = Where::current());
/// The gradient is 1 on [low, high], bounds included, else 0.
Tensor clamp(const Tensor& x, double low, double high, Where = Where::current());
/// Elementwise; where a equals b each gets half of the gradient. NaN wins.
Tensor minimum(const Tensor& a, const Tensor& b, Where = Where::current());
Tensor maximum(const Tensor& a, const Tensor& b, Where = Where::current());
/// a where mask is true, else b.
Tensor where(const Tensor& mask, const Tensor& a, const Tensor& b, Where = Where::current());
/// `value` where mask is true, else x.
Tensor masked_fill(const Tensor& x, const Tensor& mask, double value, Where = Where::current());

// Comparisons: masks, without gradient --------------------------------------------------------------------------------
Tensor equal(const Tensor& a, const Tensor& b, Where = Where::current());
Tensor not_equal(const Tensor& a, const Tensor& b, Where = Where::current());
Tensor less(const Tensor& a, const Tensor& b, Where = Where::current());
Tensor less_equal(const Tensor& a, const Tensor& b, Where = Where::current());
Tensor greater(const Tensor& a, const Tensor& b, Where = Where::current());
Tensor greater_equal(const Tensor& a, const Tensor& b, Where = Where::current());
Tensor equal(const Tensor& a, double b, Where = Where::current());
Tensor not_equal(const Tensor& a, double b, Where = Where::current());
Tensor less(const Tensor& a, double b, Where = Where::current());
Tensor greater(const Tensor& a, double b, Where = Where::current());
Tensor logical_not(const Tensor& mask, Where = Where::current());
Tensor logical_and(const Tensor& a, const Tensor& b, Where = Where::current());
Tensor is_finite(const Tensor& x, Where = Where::current());
/// 1 on and below the diagonal, else 0: [n, n].
Tensor causal_mask(Index n, DType dtype = DType::f32);

// Shape -------------------------------------------------------------------------------------------------------------
/// Shares the values. One extent may be -1.
Tensor reshape(const Tensor& x, Shape shape, Where = Where::current());
/// Merges the axes first..last into one. Shares the values.
Tensor flatten(const Tensor& x, Index first = 0, Index last = -1, Where = Where::current());
Tensor squeeze(const Tensor& x, Index axis, Where = Where::current());
Tensor unsqueeze(const Tensor& x, Index axis, Where = Where::current());
Tensor transpose(const Tensor& x, Index a = -2, Index b = -1, Where = Where::current());
Tensor permute(const Tensor& x, const std::vector<Index>& axes, Where = Where::current());
/// Repeats axes of extent 1 (and new leading ones) up to `shape`; -1 keeps an extent. Copies.
Tensor expand(const Tensor& x, Shape shape, Where = Where::current());
/// Sums over the axes along which `shape` broadcasts to x's: the adjoint of expand.
Tensor sum_to(const Tensor& x, const Shape& shape, Where = Where::current());
/// The part [start, start + length) of an axis; of the leading one, a view.
Tensor narrow(const Tensor& x, Index axis, Index start, Index length, Where = Where::current());
/// narrow of length 1 with the axis removed.
Tensor select(const Tensor& x, Index axis, Index index, Where = Where::current());
/// Like x[begin:end] in Python along an axis, clamped ends and all (step 1).
Tensor slice(const Tensor& x, Index axis, Index begin, Index end, Where = Where::current());
Tensor concat(const std::vector<Tensor>& parts, Index axis, Where = Where::current());  // torch.cat
Tensor stack(const std::vector<Tensor>& parts, Index axis = 0, Where = Where::current());
/// Pieces of the given extents, which add up to the axis.
std::vector<Tensor> split(const Tensor& x, const std::vector<Index>& extents, Index axis, Where = Where::current());
/// n equal pieces.
std::vector<Tensor> chunk(const Tensor& x, Index n, Index axis, Where = Where::current());
/// Removes an axis: its n slices.
std::vector<Tensor> unbind(const Tensor& x, Index axis = 0, Where = Where::current());
/// Zeros before and after an axis; the adjoint of narrow.
Tensor pad(const Tensor& x, Index axis, Index before, Index after, Where = Where::current());
Tensor flip(const Tensor& x, Index axis, Where = Where::current());
/// A copy in another dtype (recorded between floating dtypes); the same tensor when it has that dtype already.
Tensor to(const Tensor& x, DType dtype, Where = Where::current());
/// A copy with its own bytes.
Tensor clone(const Tensor& x, Where = Where::current());

// Indexing ------------------------------------------------------------------------------------------------------------
/// Rows of table [rows, dim] at ids [...]: [..., dim].
Tensor embedding(const Tensor& table, const Tensor& ids, Where = Where::current());
/// x's slices along an axis at index [n].
Tensor index_select(const Tensor& x, Index axis, const Tensor& index, Where = Where::current());
/// x.scatter_add(axis = as index_select): slices of source [.., n, ..] added into zeros of extent n_out along axis.
Tensor index_add(const Tensor& source, Index axis, const Tensor& index, Index extent, Where = Where::current());
/// out[i][j] = x[i][index[i][j]] for axis 1, and so on; index has x's rank, and other extents <= x's.
Tensor gather(const Tensor& x, Index axis, const Tensor& index, Where = Where::current());
/// x with src added at index along axis, the adjoint of gather. Repeated indices add, in order of position.
Tensor scatter_add(const Tensor& x, Index axis, const Tensor& index, const Tensor& src, Where = Where::current());

// Reductions ----------------------------------------------------------------------------------------------------------
// Over the given axes; over all when none are named. Sums add in one fixed tree, which trailing zeros do not change.
Tensor sum(const Tensor& x, const std::vector<Index>& axes = {}, bool keepdim = false, Where = Where::current());
Tensor mean(const Tensor& x, const std::vector<Index>& axes = {}, bool keepdim = false, Where = Where::current());
/// Divides by n - correction.
Tensor var(const Tensor& x, const std::vector<Index>& axes = {}, Index correction = 1, bool keepdim = false,
           Where = Where::current());
/// As torch.amax/amin: equal maxima share the gradient evenly. NaN wins.
Tensor max(const Tensor& x, const std::vector<Index>& axes = {}, bool keepdim = false, Where = Where::current());
Tensor min(const Tensor& x, const std::vector<Index>& axes = {}, bool keepdim = false, Where = Where::current());
/// The first maximum: i64, no gradient.
Tensor argmax(const Tensor& x, Index axis, bool keepdim = false, Where = Where::current());
Tensor cumsum(const Tensor& x, Index axis, Where = Where::current());

// Softmax family, over one axis. Where a mask (broadcast to x) is false an element counts as absent: weight 0 and no
// gradient; with nothing present softmax gives zeros, logsumexp -inf with zero gradient, log_softmax -inf.
Tensor softmax(const Tensor& x, Index axis, const Tensor& mask = {}, Where = Where::current());
Tensor log_softmax(const Tensor& x, Index axis, const Tensor& mask = {}, Where = Where::current());
Tensor logsumexp(const Tensor& x, Index axis, const Tensor& mask = {}, bool keepdim = false, Where = Where::current());

// Products ------------------------------------------------------------------------------------------------------------
/// torch.matmul: vectors, matrices, batches of matrices with broadcast batch axes.
Tensor matmul(const Tensor& a, const Tensor& b, Where = Where::current());
/// x weightᵀ + bias: x [..., in], weight [out, in] -> [..., out]; bias [out], undefined, or of the result's shape.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, Where = Where::current());

/// While it lives, `linear`, `matmul` with a 2-D right side, and `attention` compute each row of the left side (each
/// query) on this thread in a way that does not depend on how many rows there are: a row has the same bits alone and in
/// any batch. Decoding runs under it.
class RowInvariant {
 public:
  RowInvariant();
  ~RowInvariant();
  RowInvariant(const RowInvariant&) = delete;
  RowInvariant& operator=(const RowInvariant&) = delete;

 private:
  bool before_;
};
bool row_invariant();

/// Scaled dot-product attention (Vaswani et al. 2017, eq. 1), heads side by side in the last axis:
/// query [batch, T, heads * d], key [batch, S, heads * d], value [batch, S, heads * e] -> [batch, T, heads * e].
/// `keep` is a mask that broadcasts to [batch, T, S] (or [batch, S] for all queries alike) or undefined; `causal`
/// further hides source positions > the query's (aligned at the start). A query that may see nothing gets zeros. scale
/// 0 means 1/sqrt(d). The [T, S] weights are never kept for backward. A query's result has the same bits in any batch
/// and under any padding of the sources; under RowInvariant, of the targets as well.
Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, Index heads, const Tensor& keep = {},
                 bool causal = false, double scale = 0, Where = Where::current());
/// The weights that `attention` uses, averaged over nothing: [batch, heads, T, S]. For pictures; composed of plain ops.
Tensor attention_weights(const Tensor& query, const Tensor& key, Index heads, const Tensor& keep = {},
                         bool causal = false, double scale = 0, Where = Where::current());

// Normalisation, regularisation, convolution
// ----------------------------------------------------------------------------
/// Over the last axis (Ba et al. 2016), biased variance; weight and bias [dim] or undefined.
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon = 1e-5,
                  Where = Where::current());
/// Zeroes elements with probability p and scales the others by 1 / (1 - p); draws from RandomScope. p in [0, 1).
Tensor dropout(const Tensor& x, double p, Where = Where::current());
/// x [batch, in, height, width], weight [out, in, kh, kw], bias [out] or undefined.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, Index stride = 1, Index padding = 0,
              Where = Where::current());
/// Patches of x [batch, in, height, width] as rows [batch, out_h * out_w, in * kh * kw], the product that makes conv2d.
Tensor unfold(const Tensor& x, Index kh, Index kw, Index stride, Index padding, Where = Where::current());
/// The adjoint of unfold: patches added back into [batch, in, height, width].
Tensor fold(const Tensor& patches, const Shape& image, Index kh, Index kw, Index stride, Index padding,
            Where = Where::current());

// Losses --------------------------------------------------------------------------------------------------------------
enum class Reduction { none, mean, sum };
struct CrossEntropyOptions {
  Tensor weight = {};  // [classes], or undefined
  Index ignore_index = -100;
  double label_smoothing = 0;
  Reduction reduction = Reduction::mean;  // mean: over the weights of the targets that count
};
/// logits [..., classes], target ids [...]. Unlike PyTorch the classes are the last axis, and a mean over no target is
/// 0, not NaN.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options = {},
                     Where = Where::current());
Tensor mse_loss(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean, Where = Where::current());

// Cells: the pointwise part of a recurrent step, fused
// ------------------------------------------------------------------
struct LstmState {
  Tensor hidden, memory;  // [batch, dim]
};
/// gates [batch, 4 dim] in PyTorch's order (input, forget, cell, output): c' = σ(f) c + σ(i) tanh(g), h' = σ(o)
/// tanh(c').
LstmState lstm_gates(const Tensor& gates, const Tensor& memory, Where = Where::current());
/// PyTorch's GRU: from W_i x + b_i and W_h h + b_h, each [batch, 3 dim] in the order (reset, update, new):
/// n = tanh(x_n + r * h_n), h' = (1 - z) n + z h.
Tensor gru_gates(const Tensor& input, const Tensor& recurrent, const Tensor& hidden, Where = Where::current());

}  // namespace gradus
