#include <gradus/autograd/ops/internal/attention_kernels.h>

#include <algorithm>
#include <limits>
#include <span>

#include <gradus/autograd/foundation/internal/gemm.h>
#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/internal/scratch.h>
#include <gradus/autograd/foundation/internal/simd.h>
#include <gradus/autograd/foundation/internal/softmax_row.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/matmul.h>

namespace gradus {

namespace {

using Problem = AttentionProblem;

constexpr Index query_block = 64;  // rows of the score matrix in cache at a time

// Heads of one sentence per task.
Index grain(const Problem& p) { return grain_of(Index{1} << 17, p.targets * p.sources * (p.dim + p.value_dim)); }

Index padded(Index n) { return (n + lanes - 1) / lanes * lanes; }

// The rows [S] of one term of the scores.
template <class T>
class TermRows {
 public:
  explicit TermRows(const Tensor& term) {
    if (!term.defined()) return;
    values_ = term.data<T>();
    const auto step = [&](Index axis, Index stride) { return term.shape()[axis] == 1 ? 0 : stride; };
    const Index sources = term.shape()[3], targets = term.shape()[2], heads = term.shape()[1];
    query_step_ = step(2, sources);
    head_step_ = step(1, targets * sources);
    batch_step_ = step(0, heads * targets * sources);
  }
  /// The row of query t in head h of sentence n; null if the term is undefined.
  const T* of(Index n, Index h, Index t) const {
    return values_ ? values_ + n * batch_step_ + h * head_step_ + t * query_step_ : nullptr;
  }

 private:
  const T* values_ = nullptr;
  Index batch_step_ = 0, head_step_ = 0, query_step_ = 0;
};

template <class T>
class Terms {
 public:
  explicit Terms(const ScoreTerms& terms) : mask_(terms.mask), bias_(terms.bias) {}

  /// scores = scores * scale + the terms, over the first `seen` sources of query t in head h of sentence n.
  void finish(Index n, Index h, Index t, Index seen, T scale, T* scores) const {
    const T *mask = mask_.of(n, h, t), *bias = bias_.of(n, h, t);
    if (mask && bias) {
      for (Index s = 0; s < seen; ++s) scores[s] = scores[s] * scale + bias[s] + mask[s];
    } else if (const T* term = mask ? mask : bias) {
      for (Index s = 0; s < seen; ++s) scores[s] = scores[s] * scale + term[s];
    } else {
      for (Index s = 0; s < seen; ++s) scores[s] *= scale;
    }
  }

 private:
  TermRows<T> mask_, bias_;
};

// The columns past the last source are computed with, and dropped. Old memory there could hold subnormal numbers, which
// are slow.
template <class T>
void clear_padding(const Scratch<T>& columns, Index n) {
  std::fill_n(columns.data(), n, T(0));
}

// One head of one sentence.
template <class T>
class Head {
 public:
  Head(const Problem& p) : p_(p), width_(padded(p.sources)), keys_(p.dim * width_), weights_(query_block * width_) {
    clear_padding(keys_, p.dim * width_);
  }

  void keys(const T* k) { simd::transpose(k, p_.sources, p_.dim, p_.heads * p_.dim, keys_.data(), width_); }

  /// Softmax weights of queries [begin, end) of head h of sentence n: rows of `width()`.
  T* weights(const T* q, const Terms<T>& terms, Index n, Index h, Index begin, Index end) {
    const Index stride = p_.heads * p_.dim;
    small_gemm(end - begin, width_, p_.dim, q + begin * stride, stride, Index{1}, keys_.data(), width_, weights_.data(),
               width_);
    const T scale = static_cast<T>(p_.scale), hidden = -std::numeric_limits<T>::infinity();
    for (Index t = begin; t < end; ++t) {
      T* row = weights_.data() + (t - begin) * width_;
      const Index seen = p_.causal ? std::min(p_.sources, t + 1) : p_.sources;
      terms.finish(n, h, t, seen, scale, row);
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

// For few queries, as in a decoder's step: keys and values are read once, without packing. Additions have another order
// than in blocks, so RowInvariant uses this for any number of queries.
constexpr Index few_queries = 4;

bool one_by_one(const Problem& p) { return p.targets <= few_queries || row_invariant(); }

// Softmax weights of query t of head h of sentence n over the keys of its head.
template <class T>
void weights_of_one(const Problem& p, const T* q, const T* k, const Terms<T>& terms, Index n, Index h, Index t, T* w) {
  const Index stride = p.heads * p.dim, seen = p.causal ? std::min(p.sources, t + 1) : p.sources,
              width = padded(p.sources);
  const T scale = static_cast<T>(p.scale);
  lane_dots(seen, p.dim, k, stride, q, w);
  terms.finish(n, h, t, seen, scale, w);
  std::fill(w + seen, w + width, -std::numeric_limits<T>::infinity());
  softmax_row(w, width, w);
}

// out = Σ_s w_s x_s of rows of n numbers.
template <class T>
void weighted_sum(Index rows, Index n, const T* w, const T* x, Index step, T* out) {
  const Index whole = n / lanes * lanes;
  small_gemm(Index{1}, whole, rows, w, rows, Index{1}, x, step, out, n);
  for (Index i = whole; i < n; ++i) {
    out[i] = 0;
    for (Index s = 0; s < rows; ++s) out[i] += w[s] * x[s * step + i];
  }
}

// ds = w (dw - Σ dw w) scale; ds holds dw before. The gradient of the bias is ds without the scale; null: not needed.
template <class T>
[[gnu::noinline]] void score_gradient(Index n, T scale, const T* __restrict w, T* __restrict ds, T* __restrict dbias) {
  const T total = lane_sum<T>(n, [w, ds](Index s) { return w[s] * ds[s]; });
  if (dbias)
    for (Index s = 0; s < n; ++s) dbias[s] = w[s] * (ds[s] - total);
  for (Index s = 0; s < n; ++s) ds[s] = w[s] * (ds[s] - total) * scale;
}

template <class T>
void forward_few(const Problem& p, const T* q, const T* k, const T* v, const ScoreTerms& of_scores, T* out) {
  const Terms<T> terms(of_scores);
  const Index qs = p.heads * p.dim, vs = p.heads * p.value_dim;
  parallel_for(p.batch * p.heads, grain(p), [&](Index begin, Index end) {
    const Scratch<T> w(padded(p.sources));
    for (Index i = begin; i < end; ++i) {
      const Index n = i / p.heads, h = i % p.heads;
      const T *keys = k + n * p.sources * qs + h * p.dim, *values = v + n * p.sources * vs + h * p.value_dim;
      for (Index t = 0; t < p.targets; ++t) {
        weights_of_one(p, q + (n * p.targets + t) * qs + h * p.dim, keys, terms, n, h, t, w.data());
        T* context = out + (n * p.targets + t) * vs + h * p.value_dim;
        weighted_sum(p.sources, p.value_dim, w.data(), values, vs, context);
      }
    }
  });
}

// The columns of one head: in the result if they are whole groups of lanes, else in a buffer that is copied to it.
template <class T>
class HeadColumns {
 public:
  HeadColumns(Index rows, Index columns, Index stride)
      : columns_(columns),
        stride_(stride),
        aside_(columns % lanes != 0),
        step_(aside_ ? padded(columns) : stride),
        buffer_(aside_ ? rows * step_ : 1) {}
  T* begin(T* result) const { return aside_ ? buffer_.data() : result; }
  void read(Index rows, const T* result) const {
    if (!aside_) return;
    for (Index r = 0; r < rows; ++r) std::copy_n(result + r * stride_, columns_, buffer_.data() + r * step_);
  }
  void end(Index rows, T* result) const {
    if (!aside_) return;
    for (Index r = 0; r < rows; ++r) std::copy_n(buffer_.data() + r * step_, columns_, result + r * stride_);
  }
  Index step() const { return step_; }

 private:
  Index columns_, stride_;
  bool aside_;
  Index step_;
  Scratch<T> buffer_;
};

// The gradient of keys or values from one step of few queries: Σ_t by[.., t, s] rows[.., t, ..], with `by`
// [batch, heads, T, S] and `rows` [batch, T, heads * n]. The steps that share keys and values are added as one product
// per head.
struct OuterProducts {
  Tensor by, rows;
  Problem p;

  static void add_all(std::span<const OuterProducts* const> all, Tensor& sum) {
    const Problem& p = all[0]->p;
    const Index width = sum.shape()[2], n = width / p.heads, sources = p.sources;
    Index targets = 0;
    for (const OuterProducts* o : all) targets += o->p.targets;
    dispatch_floating(sum.dtype(), [&](auto zero) {
      using T = decltype(zero);
      T* out = sum.mutable_data<T>();
      parallel_for(p.batch * p.heads, grain(p), [&](Index begin, Index end) {
        const Scratch<T> weights(targets * sources), gathered(targets * n);
        const HeadColumns<T> columns(sources, n, width);
        for (Index i = begin; i < end; ++i) {
          Index t = 0;
          for (const OuterProducts* o : all) {
            const Index steps = o->p.targets;
            std::copy_n(o->by.data<T>() + i * steps * sources, steps * sources, weights.data() + t * sources);
            const T* from = o->rows.data<T>() + i / p.heads * steps * width + i % p.heads * n;
            for (Index s = 0; s < steps; ++s) std::copy_n(from + s * width, n, gathered.data() + (t + s) * n);
            t += steps;
          }
          T* to = out + i / p.heads * sources * width + i % p.heads * n;
          columns.read(sources, to);
          small_gemm(sources, n, targets, weights.data(), Index{1}, sources, gathered.data(), n, columns.begin(to),
                     columns.step(), true);
          columns.end(sources, to);
        }
      });
    });
  }
};

// The gradient of the queries, and the weights and score gradients [batch, heads, T, S] for OuterProducts.
template <class T>
void backward_few(const Problem& p, const T* q, const T* k, const T* v, const ScoreTerms& of_scores, const T* dy, T* dq,
                  T* dbias, T* weights, T* dscores) {
  const Terms<T> terms(of_scores);
  const Index d = p.dim, e = p.value_dim, qs = p.heads * d, vs = p.heads * e;
  const T scale = static_cast<T>(p.scale);
  parallel_for(p.batch * p.heads, grain(p), [&](Index begin, Index end) {
    const Scratch<T> w(padded(p.sources));
    for (Index i = begin; i < end; ++i) {
      const Index n = i / p.heads, h = i % p.heads;
      const T *keys = k + n * p.sources * qs + h * d, *values = v + n * p.sources * vs + h * e;
      for (Index t = 0; t < p.targets; ++t) {
        const Index query_at = (n * p.targets + t) * qs + h * d, row = (i * p.targets + t) * p.sources;
        const T* g = dy + (n * p.targets + t) * vs + h * e;
        weights_of_one(p, q + query_at, keys, terms, n, h, t, w.data());
        std::copy_n(w.data(), p.sources, weights + row);
        T* ds = dscores + row;
        lane_dots(p.sources, e, values, vs, g, ds);
        score_gradient(p.sources, scale, w.data(), ds, dbias ? dbias + row : nullptr);
        weighted_sum(p.sources, d, ds, keys, qs, dq + query_at);
      }
    }
  });
}

template <class T>
void forward(const Problem& p, const T* q, const T* k, const T* v, const ScoreTerms& of_scores, T* out) {
  const Terms<T> terms(of_scores);
  const Index d = p.dim, e = p.value_dim, qs = p.heads * d, vs = p.heads * e;
  parallel_for(p.batch * p.heads, grain(p), [&](Index begin, Index end) {
    Head<T> head(p);
    const HeadColumns<T> context(query_block, e, vs);
    for (Index i = begin; i < end; ++i) {
      const Index n = i / p.heads, h = i % p.heads;
      head.keys(k + n * p.sources * qs + h * d);
      const T* my_v = v + n * p.sources * vs + h * e;
      for (Index t = 0; t < p.targets; t += query_block) {
        const Index rows = std::min(p.targets - t, query_block);
        const T* w = head.weights(q + n * p.targets * qs + h * d, terms, n, h, t, t + rows);
        T* to = out + (n * p.targets + t) * vs + h * e;
        small_gemm(rows, e, p.sources, w, head.width(), Index{1}, my_v, vs, context.begin(to), context.step());
        context.end(rows, to);
      }
    }
  });
}

// dV = Pᵀ dO, dP = dO Vᵀ, dS = P (dP - Σ dP P), dQ = scale dS K, dK = scale dSᵀ Q, dbias = dS (P: the weights, computed
// again).
template <class T>
void backward(const Problem& p, const T* q, const T* k, const T* v, const ScoreTerms& of_scores, const T* dy, T* dq,
              T* dk, T* dv, T* dbias) {
  const Terms<T> terms(of_scores);
  const Index d = p.dim, e = p.value_dim, qs = p.heads * d, vs = p.heads * e;
  const T scale = static_cast<T>(p.scale);
  if (p.targets == 0) {
    std::fill_n(dk, p.batch * p.sources * qs, T(0));
    std::fill_n(dv, p.batch * p.sources * vs, T(0));
  }
  parallel_for(p.targets ? p.batch * p.heads : 0, grain(p), [&](Index begin, Index end) {
    Head<T> head(p);
    const Index width = head.width();
    const Scratch<T> values_t(e * width), ds(query_block * width);
    clear_padding(values_t, e * width);
    const HeadColumns<T> d_query(query_block, d, qs), d_key(p.sources, d, qs), d_value(p.sources, e, vs);
    for (Index i = begin; i < end; ++i) {
      const Index n = i / p.heads, h = i % p.heads;
      const T *my_q = q + n * p.targets * qs + h * d, *my_k = k + n * p.sources * qs + h * d,
              *my_v = v + n * p.sources * vs + h * e;
      T *my_dk = dk + n * p.sources * qs + h * d, *my_dv = dv + n * p.sources * vs + h * e;
      head.keys(my_k);
      simd::transpose(my_v, p.sources, e, vs, values_t.data(), width);
      for (Index t = 0; t < p.targets; t += query_block) {
        const Index rows = std::min(query_block, p.targets - t);
        const T* w = head.weights(my_q, terms, n, h, t, t + rows);
        const T* my_dy = dy + (n * p.targets + t) * vs + h * e;
        T* my_dq = dq + (n * p.targets + t) * qs + h * d;
        small_gemm(p.sources, e, rows, w, Index{1}, width, my_dy, vs, d_value.begin(my_dv), d_value.step(), t > 0);
        small_gemm(rows, p.sources, e, my_dy, vs, Index{1}, values_t.data(), width, ds.data(), width);
        for (Index j = 0; j < rows; ++j) {
          T* my_dbias = dbias ? dbias + (i * p.targets + t + j) * p.sources : nullptr;
          score_gradient(p.sources, scale, w + j * width, ds.data() + j * width, my_dbias);
        }
        small_gemm(rows, d, p.sources, ds.data(), width, Index{1}, my_k, qs, d_query.begin(my_dq), d_query.step());
        small_gemm(p.sources, d, rows, ds.data(), Index{1}, width, my_q + t * qs, qs, d_key.begin(my_dk), d_key.step(),
                   t > 0);
        d_query.end(rows, my_dq);
      }
      d_key.end(p.sources, my_dk);
      d_value.end(p.sources, my_dv);
    }
  });
}

}  // namespace

Tensor attention_forward(const OpName& op, const AttentionProblem& p, const Tensor& query, const Tensor& key,
                         const Tensor& value, const ScoreTerms& terms) {
  Tensor y = Tensor::empty(op, {p.batch, p.targets, p.heads * p.value_dim}, query.dtype());
  if (p.empty()) return y;
  dispatch_floating(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto run = one_by_one(p) ? forward_few<T> : forward<T>;
    run(p, query.data<T>(), key.data<T>(), value.data<T>(), terms, y.mutable_data<T>());
  });
  return y;
}

Grads attention_backward(const AttentionProblem& p, const Tensor& query, const Tensor& key, const Tensor& value,
                         const ScoreTerms& terms, const Tensor& dy, bool needs_bias) {
  const Shape scores{p.batch, p.heads, p.targets, p.sources};
  Tensor dq = Tensor::empty(query.shape(), dy.dtype()),
         dbias = needs_bias ? Tensor::empty(scores, dy.dtype()) : Tensor();
  Grads grads{dq};
  if (p.empty()) {
    grads.push_back(Tensor::empty(key.shape(), dy.dtype()));
    grads.push_back(Tensor::empty(value.shape(), dy.dtype()));
    if (needs_bias) dbias = Tensor::zeros(scores, dy.dtype());
  } else if (one_by_one(p)) {
    Tensor weights = Tensor::empty(scores, dy.dtype()), dscores = Tensor::empty(scores, dy.dtype());
    dispatch_floating(dy.dtype(), [&](auto zero) {
      using T = decltype(zero);
      backward_few(p, query.data<T>(), key.data<T>(), value.data<T>(), terms, dy.data<T>(), dq.mutable_data<T>(),
                   needs_bias ? dbias.mutable_data<T>() : nullptr, weights.mutable_data<T>(),
                   dscores.mutable_data<T>());
    });
    grads.push_back(Gradient::added(OuterProducts{dscores, query, p}));
    grads.push_back(Gradient::added(OuterProducts{weights, dy, p}));
  } else {
    Tensor dk = Tensor::empty(key.shape(), dy.dtype()), dv = Tensor::empty(value.shape(), dy.dtype());
    dispatch_floating(dy.dtype(), [&](auto zero) {
      using T = decltype(zero);
      backward(p, query.data<T>(), key.data<T>(), value.data<T>(), terms, dy.data<T>(), dq.mutable_data<T>(),
               dk.mutable_data<T>(), dv.mutable_data<T>(), needs_bias ? dbias.mutable_data<T>() : nullptr);
    });
    grads.push_back(dk);
    grads.push_back(dv);
  }
  if (terms.bias.defined()) grads.push_back(needs_bias ? Gradient(dbias) : Gradient());
  return grads;
}

}  // namespace gradus
