#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/axes.h"
#include "autograd/broadcast.h"
#include "autograd/composed.h"
#include "autograd/gemm.h"
#include "autograd/ops.h"
#include "autograd/parallel.h"
#include "autograd/scratch.h"
#include "autograd/softmax_row.h"

namespace gradus {

namespace {

constexpr Index query_block = 64;  // rows of the score matrix that exist at a time

Index padded(Index n) { return (n + lanes - 1) / lanes * lanes; }

struct Problem {
  Index batch, targets, sources, heads, dim, value_dim;  // dim and value_dim are per head
  bool causal;
  double scale;
  Index rows_grain() const {
    return std::max<Index>(1, (Index{1} << 17) / std::max<Index>(1, targets * sources * (dim + value_dim)));
  }
};

Problem check(const OpName& op, const Tensor& q, const Tensor& k, const Tensor& v, Index heads, bool causal,
              double scale) {
  check_floating(op, q);
  const bool fits = heads > 0 && q.rank() == 3 && k.rank() == 3 && v.rank() == 3 && k.shape()[0] == q.shape()[0] &&
                    v.shape()[0] == q.shape()[0] && k.shape()[1] == v.shape()[1] && k.shape()[2] == q.shape()[2] &&
                    q.shape()[2] % heads == 0 && v.shape()[2] % heads == 0 && k.dtype() == q.dtype() &&
                    v.dtype() == q.dtype();
  if (!fits)
    throw Error(fmt::format("{}: query {}, key {}, value {} and {} heads do not fit: expected [batch, T, heads * d], "
                            "[batch, S, heads * d], "
                            "[batch, S, heads * e]",
                            op.name, describe(q), describe(k), describe(v), heads),
                op.where);
  Problem p{q.shape()[0], q.shape()[1], k.shape()[1], heads, q.shape()[2] / heads, v.shape()[2] / heads, causal, scale};
  if (p.scale == 0) p.scale = p.dim ? 1 / std::sqrt(static_cast<double>(p.dim)) : 1;
  return p;
}

// The mask as a bias of the scores: 0 where a source may be seen, -inf where not; [batch, 1 or T, S], or undefined.
Tensor score_bias(const OpName& op, const Tensor& keep, const Problem& p, DType dtype) {
  if (!keep.defined()) return {};
  const NoGrad guard;
  Tensor mask = keep.detach();
  if (mask.rank() == 2 && mask.shape() == Shape{p.batch, p.sources}) mask = unsqueeze(mask, 1);
  const Index rows = mask.rank() >= 2 ? mask.shape()[-2] : 1;
  const Shape full{p.batch, rows == 1 ? 1 : p.targets, p.sources};
  if (mask.rank() > 3 || !(broadcast_shapes(op, mask.shape(), full) == full))
    throw Error(fmt::format("{}: the mask {} does not broadcast to [batch, T, S] = {}", op.name, describe(keep),
                            to_string(full)),
                op.where);
  const Tensor seen = expand(mask, full);
  return where(seen, Tensor::zeros({}, dtype), Tensor::full({}, -std::numeric_limits<double>::infinity(), dtype));
}

template <class T>
void transpose_into(const T* x, Index rows, Index columns, Index stride, T* out, Index out_stride) {
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < columns; ++c) out[c * out_stride + r] = x[r * stride + c];
}

// One head of one sentence, with what its kernels need in cache.
template <class T>
class Head {
 public:
  Head(const Problem& p) : p_(p), width_(padded(p.sources)), keys_(p.dim * width_), weights_(query_block * width_) {}

  void keys(const T* k) { transpose_into(k, p_.sources, p_.dim, p_.heads * p_.dim, keys_.data(), width_); }

  /// Softmax weights of queries [begin, end): rows of `width()`.
  T* weights(const T* q, const T* bias, Index bias_step, Index begin, Index end) {
    const Index stride = p_.heads * p_.dim;
    small_gemm(end - begin, width_, p_.dim, q + begin * stride, stride, Index{1}, keys_.data(), width_, weights_.data(),
               width_);
    const T scale = static_cast<T>(p_.scale), hidden = -std::numeric_limits<T>::infinity();
    for (Index t = begin; t < end; ++t) {
      T* row = weights_.data() + (t - begin) * width_;
      const Index seen = p_.causal ? std::min(p_.sources, t + 1) : p_.sources;
      if (bias) {
        const T* b = bias + t * bias_step;
        for (Index s = 0; s < seen; ++s) row[s] = row[s] * scale + b[s];
      } else {
        for (Index s = 0; s < seen; ++s) row[s] *= scale;
      }
      std::fill(row + seen, row + width_, hidden);
      softmax_row(row, width_, row);
    }
    return weights_.data();
  }
  Index width() const { return width_; }

 private:
  const Problem& p_;
  Index width_;
  Scratch<T> keys_;     // [dim, width]
  Scratch<T> weights_;  // [query_block, width]
};

// A few queries against many keys (a decoder's step): reads keys and values where they lie, once. Adds in another order
// than the blocks do, so under RowInvariant it serves any number of queries.
constexpr Index few_queries = 4;

bool one_by_one(const Problem& p) { return p.targets <= few_queries || row_invariant(); }

// Softmax weights of one query over the keys of its head.
template <class T>
void weights_of_one(const Problem& p, const T* q, const T* k, const T* bias, Index t, T* w) {
  const Index stride = p.heads * p.dim, seen = p.causal ? std::min(p.sources, t + 1) : p.sources,
              width = padded(p.sources);
  const T scale = static_cast<T>(p.scale);
  for (Index s = 0; s < seen; ++s) {
    const T* key = k + s * stride;
    w[s] = lane_sum<T>(p.dim, [q, key](Index i) { return q[i] * key[i]; }) * scale + (bias ? bias[s] : T(0));
  }
  std::fill(w + seen, w + width, -std::numeric_limits<T>::infinity());
  softmax_row(w, width, w);
}

template <class T>
[[gnu::noinline]] void add_scaled_row(Index n, T scale, const T* __restrict x, T* __restrict sum) {
  for (Index i = 0; i < n; ++i) sum[i] += scale * x[i];
}

template <class T>
void forward_few(const Problem& p, const T* q, const T* k, const T* v, const Tensor& bias, T* out) {
  const T* b = bias.defined() ? bias.data<T>() : nullptr;
  const Index bias_rows = bias.defined() ? bias.shape()[1] : 0, qs = p.heads * p.dim, vs = p.heads * p.value_dim;
  parallel_for(p.batch * p.heads, p.rows_grain(), [&](Index begin, Index end) {
    const Scratch<T> w(padded(p.sources));
    for (Index i = begin; i < end; ++i) {
      const Index n = i / p.heads, h = i % p.heads;
      const T *keys = k + n * p.sources * qs + h * p.dim, *values = v + n * p.sources * vs + h * p.value_dim;
      for (Index t = 0; t < p.targets; ++t) {
        const T* my_bias = b ? b + (n * bias_rows + (bias_rows == 1 ? 0 : t)) * p.sources : nullptr;
        weights_of_one(p, q + (n * p.targets + t) * qs + h * p.dim, keys, my_bias, t, w.data());
        T* context = out + (n * p.targets + t) * vs + h * p.value_dim;
        std::fill_n(context, p.value_dim, T(0));
        for (Index s = 0; s < p.sources; ++s) add_scaled_row(p.value_dim, w[s], values + s * vs, context);
      }
    }
  });
}

template <class T>
void backward_few(const Problem& p, const T* q, const T* k, const T* v, const Tensor& bias, const T* dy, T* dq, T* dk,
                  T* dv) {
  const T* b = bias.defined() ? bias.data<T>() : nullptr;
  const Index bias_rows = bias.defined() ? bias.shape()[1] : 0, d = p.dim, e = p.value_dim, qs = p.heads * d,
              vs = p.heads * e;
  const T scale = static_cast<T>(p.scale);
  parallel_for(p.batch * p.heads, p.rows_grain(), [&](Index begin, Index end) {
    const Scratch<T> w(padded(p.sources)), dw(padded(p.sources));
    for (Index i = begin; i < end; ++i) {
      const Index n = i / p.heads, h = i % p.heads, key_at = n * p.sources * qs + h * d,
                  value_at = n * p.sources * vs + h * e;
      for (Index s = 0; s < p.sources; ++s) {
        std::fill_n(dk + key_at + s * qs, d, T(0));
        std::fill_n(dv + value_at + s * vs, e, T(0));
      }
      for (Index t = 0; t < p.targets; ++t) {
        const T* my_bias = b ? b + (n * bias_rows + (bias_rows == 1 ? 0 : t)) * p.sources : nullptr;
        const Index query_at = (n * p.targets + t) * qs + h * d;
        const T* g = dy + (n * p.targets + t) * vs + h * e;
        weights_of_one(p, q + query_at, k + key_at, my_bias, t, w.data());
        for (Index s = 0; s < p.sources; ++s) {
          const T* value = v + value_at + s * vs;
          dw[s] = lane_sum<T>(e, [g, value](Index x) { return g[x] * value[x]; });
        }
        const T total = lane_sum<T>(p.sources, [&](Index s) { return w[s] * dw[s]; });
        std::fill_n(dq + query_at, d, T(0));
        for (Index s = 0; s < p.sources; ++s) {
          const T weight = w[s], ds = weight * (dw[s] - total) * scale;
          add_scaled_row(d, ds, k + key_at + s * qs, dq + query_at);
          add_scaled_row(d, ds, q + query_at, dk + key_at + s * qs);
          add_scaled_row(e, weight, g, dv + value_at + s * vs);
        }
      }
    }
  });
}

template <class T>
void forward(const Problem& p, const T* q, const T* k, const T* v, const Tensor& bias, T* out) {
  const T* b = bias.defined() ? bias.data<T>() : nullptr;
  const Index bias_rows = bias.defined() ? bias.shape()[1] : 0;
  const Index e = p.value_dim, e_padded = padded(e);
  parallel_for(p.batch * p.heads, p.rows_grain(), [&](Index begin, Index end) {
    Head<T> head(p);
    const Scratch<T> values(head.width() * e_padded), context(query_block * e_padded);
    for (Index i = begin; i < end; ++i) {
      const Index n = i / p.heads, h = i % p.heads;
      head.keys(k + n * p.sources * p.heads * p.dim + h * p.dim);
      for (Index s = 0; s < p.sources; ++s)
        std::copy_n(v + (n * p.sources + s) * p.heads * e + h * e, e, values.data() + s * e_padded);
      const T* my_bias = b ? b + n * bias_rows * p.sources : nullptr;
      for (Index t = 0; t < p.targets; t += query_block) {
        const Index last = std::min(p.targets, t + query_block);
        const T* w = head.weights(q + n * p.targets * p.heads * p.dim + h * p.dim, my_bias,
                                  bias_rows == 1 ? 0 : p.sources, t, last);
        small_gemm(last - t, e, p.sources, w, head.width(), Index{1}, values.data(), e_padded, context.data(),
                   e_padded);
        for (Index j = t; j < last; ++j)
          std::copy_n(context.data() + (j - t) * e_padded, e, out + (n * p.targets + j) * p.heads * e + h * e);
      }
    }
  });
}

// dV = Pᵀ dO, dP = dO Vᵀ, dS = P (dP - Σ dP P), dQ = scale dS K, dK = scale dSᵀ Q; P is computed again.
template <class T>
void backward(const Problem& p, const T* q, const T* k, const T* v, const Tensor& bias, const T* dy, T* dq, T* dk,
              T* dv) {
  const T* b = bias.defined() ? bias.data<T>() : nullptr;
  const Index bias_rows = bias.defined() ? bias.shape()[1] : 0;
  const Index d = p.dim, e = p.value_dim, dp = padded(d), ep = padded(e), qs = p.heads * d, vs = p.heads * e;
  parallel_for(p.batch * p.heads, p.rows_grain(), [&](Index begin, Index end) {
    Head<T> head(p);
    const Index width = head.width();
    const Scratch<T> values_t(e * width), keys(width * dp), queries(query_block * dp), ds(query_block * width),
        grads_out(query_block * ep), d_query(query_block * dp), d_key(width * dp), d_value(width * ep);
    for (Index i = begin; i < end; ++i) {
      const Index n = i / p.heads, h = i % p.heads;
      const T *my_q = q + n * p.targets * qs + h * d, *my_k = k + n * p.sources * qs + h * d,
              *my_v = v + n * p.sources * vs + h * e;
      head.keys(my_k);
      transpose_into(my_v, p.sources, e, vs, values_t.data(), width);
      for (Index s = 0; s < p.sources; ++s) std::copy_n(my_k + s * qs, d, keys.data() + s * dp);
      const T* my_bias = b ? b + n * bias_rows * p.sources : nullptr;
      for (Index t = 0; t < p.targets; t += query_block) {
        const Index rows = std::min(query_block, p.targets - t);
        const T* w = head.weights(my_q, my_bias, bias_rows == 1 ? 0 : p.sources, t, t + rows);
        const T* my_dy = dy + (n * p.targets + t) * vs + h * e;
        for (Index j = 0; j < rows; ++j) {
          std::copy_n(my_dy + j * vs, e, grads_out.data() + j * ep);
          std::copy_n(my_q + (t + j) * qs, d, queries.data() + j * dp);
        }
        small_gemm(p.sources, e, rows, w, Index{1}, width, grads_out.data(), ep, d_value.data(), ep, t > 0);
        small_gemm(rows, p.sources, e, my_dy, vs, Index{1}, values_t.data(), width, ds.data(), width);
        for (Index j = 0; j < rows; ++j) {
          const T* weight = w + j * width;
          T* s = ds.data() + j * width;
          const T total = lane_sum<T>(p.sources, [&](Index x) { return weight[x] * s[x]; });
          const T scale = static_cast<T>(p.scale);
          for (Index x = 0; x < p.sources; ++x) s[x] = weight[x] * (s[x] - total) * scale;
        }
        small_gemm(rows, d, p.sources, ds.data(), width, Index{1}, keys.data(), dp, d_query.data(), dp);
        small_gemm(p.sources, d, rows, ds.data(), Index{1}, width, queries.data(), dp, d_key.data(), dp, t > 0);
        for (Index j = 0; j < rows; ++j)
          std::copy_n(d_query.data() + j * dp, d, dq + (n * p.targets + t + j) * qs + h * d);
      }
      for (Index s = 0; s < p.sources; ++s) {
        if (p.targets > 0) {
          std::copy_n(d_key.data() + s * dp, d, dk + (n * p.sources + s) * qs + h * d);
          std::copy_n(d_value.data() + s * ep, e, dv + (n * p.sources + s) * vs + h * e);
        } else {
          std::fill_n(dk + (n * p.sources + s) * qs + h * d, d, T(0));
          std::fill_n(dv + (n * p.sources + s) * vs + h * e, e, T(0));
        }
      }
    }
  });
}

// [batch, n, heads * d] -> [batch, heads, n, d]
Tensor split_heads(const Tensor& x, Index heads) {
  return transpose(reshape(x, {x.shape()[0], x.shape()[1], heads, x.shape()[2] / heads}), 1, 2);
}

Tensor weights_in_plain_ops(const Tensor& q, const Tensor& k, const Problem& p, const Tensor& bias) {
  Tensor scores =
      matmul(split_heads(q, p.heads), transpose(split_heads(k, p.heads))) * p.scale;  // [batch, heads, T, S]
  Tensor seen;
  if (bias.defined()) seen = unsqueeze(equal(bias, 0.0), 1);
  if (p.causal) {
    Tensor past = Tensor::zeros({p.targets, p.sources}, q.dtype());
    dispatch(past.dtype(), [&](auto zero) {
      auto* m = past.mutable_data<decltype(zero)>();
      for (Index t = 0; t < p.targets; ++t)
        for (Index s = 0; s <= t && s < p.sources; ++s) m[t * p.sources + s] = 1;
    });
    seen = seen.defined() ? logical_and(seen, past) : past;
  }
  return softmax(scores, -1, seen);
}

}  // namespace

Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, Index heads, const Tensor& keep,
                 bool causal, double scale, Where where) {
  const OpName op("attention", where);
  const Problem p = check(op, query, key, value, heads, causal, scale);
  const Tensor bias = score_bias(op, keep, p, query.dtype());
  Tensor y = Tensor::empty({p.batch, p.targets, p.heads * p.value_dim}, query.dtype());
  dispatch_floating(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto run = one_by_one(p) ? forward_few<T> : forward<T>;
    run(p, query.data<T>(), key.data<T>(), value.data<T>(), bias, y.mutable_data<T>());
  });
  return record(op, y, {query, key, value}, [query, key, value, p, bias](const Tensor& dy, Needs needs) {
    if (grad_enabled())
      return gradients_through(
          [&](const std::vector<Tensor>& x) {
            const Tensor context =
                matmul(weights_in_plain_ops(x[0], x[1], p, bias), split_heads(x[2], p.heads));  // [batch, heads, T, e]
            return reshape(transpose(context, 1, 2), {p.batch, p.targets, p.heads * p.value_dim});
          },
          {query, key, value}, dy, needs);
    Tensor dq = Tensor::empty(query.shape(), dy.dtype()), dk = Tensor::empty(key.shape(), dy.dtype()),
           dv = Tensor::empty(value.shape(), dy.dtype());
    dispatch_floating(dy.dtype(), [&](auto zero) {
      using T = decltype(zero);
      const auto run = one_by_one(p) ? backward_few<T> : backward<T>;
      run(p, query.data<T>(), key.data<T>(), value.data<T>(), bias, dy.data<T>(), dq.mutable_data<T>(),
          dk.mutable_data<T>(), dv.mutable_data<T>());
    });
    return Grads{dq, dk, dv};
  });
}

Tensor attention_weights(const Tensor& query, const Tensor& key, Index heads, const Tensor& keep, bool causal,
                         double scale, Where where) {
  const OpName op("attention_weights", where);
  const Problem p = check(op, query, key, key, heads, causal, scale);
  return weights_in_plain_ops(query, key, p, score_bias(op, keep, p, query.dtype()));
}

}  // namespace gradus
