#pragma once

#include <optional>
#include <vector>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/feed_forward.h>
#include <gradus/nn/layer_norm.h>
#include <gradus/nn/multi_head_attention.h>

namespace gradus::nn {

enum class NormOrder { none, pre, post };

struct TransformerOptions {
  Index dim = 0, heads = 1;
  Index ffn = 0;  // width of the feed-forward part; 0 for none
  double dropout = 0;
  NormOrder norm = NormOrder::post;
  bool residual = true;
  Activation activation = Activation::relu;
};

/// The norm, the dropout and the residual around a part f of a layer: x ← after(x, f(before(x))), which is
/// norm(x + dropout(f(x))) with post-norm (Vaswani et al. 2017), x + dropout(f(norm(x))) with pre-norm (Xiong et al.
/// 2020).
struct ResidualNorm {
  NormOrder order;
  bool residual;
  Dropout dropout;
  std::optional<LayerNorm> norm;

  ResidualNorm(Scope scope, const TransformerOptions& o) : order(o.norm), residual(o.residual), dropout{o.dropout} {
    if (order != NormOrder::none) norm.emplace(scope, o.dim);
  }

  Tensor before(const Tensor& x) const { return order == NormOrder::pre ? (*norm)(x) : x; }
  Tensor after(const Tensor& x, const Tensor& fx) const {
    const Tensor y = residual ? x + dropout(fx) : dropout(fx);
    return order == NormOrder::post ? (*norm)(y) : y;
  }
};

/// Self-attention, then feed-forward. Parameters are those of torch.nn.TransformerEncoderLayer with batch_first.
struct TransformerEncoderLayer {
  MultiHeadAttention self_attn;
  std::optional<FeedForward> feed_forward;
  ResidualNorm norm1;
  std::optional<ResidualNorm> norm2;

  TransformerEncoderLayer(Scope scope, const TransformerOptions& o)
      : self_attn(scope / "self_attn", o.dim, o.heads), norm1(scope / "norm1", o) {
    if (o.ffn == 0) return;
    feed_forward.emplace(scope, o.dim, o.ffn, o.activation, o.dropout);
    norm2.emplace(scope / "norm2", o);
  }

  /// x [batch, S, dim], mask [batch, S] non-zero at tokens or undefined -> [batch, S, dim]
  Tensor operator()(Tensor x, const Tensor& mask = {}) const {
    x = norm1.after(x, self_attn(norm1.before(x), mask));
    if (feed_forward) x = norm2->after(x, (*feed_forward)(norm2->before(x)));
    return x;
  }
};

/// Causal self-attention, then attention to the encoder's output, then feed-forward. Parameters are those of
/// torch.nn.TransformerDecoderLayer with batch_first.
struct TransformerDecoderLayer {
  MultiHeadAttention self_attn, multihead_attn;
  std::optional<FeedForward> feed_forward;
  ResidualNorm norm1, norm2;
  std::optional<ResidualNorm> norm3;

  TransformerDecoderLayer(Scope scope, const TransformerOptions& o)
      : self_attn(scope / "self_attn", o.dim, o.heads),
        multihead_attn(scope / "multihead_attn", o.dim, o.heads),
        norm1(scope / "norm1", o),
        norm2(scope / "norm2", o) {
    if (o.ffn == 0) return;
    feed_forward.emplace(scope, o.dim, o.ffn, o.activation, o.dropout);
    norm3.emplace(scope / "norm3", o);
  }

  /// The keys and values of the encoder's output h [batch, S, dim] for this layer.
  KeyValues key_values(const Tensor& h, const Tensor& mask = {}) const { return multihead_attn.key_values(h, mask); }

  /// All positions at once: x [batch, T, dim] -> [batch, T, dim]. Position j attends to positions i <= j only, so
  /// padding at the end of a target needs no mask.
  Tensor operator()(const Tensor& x, const KeyValues& source) const { return read_source(read_target(x), source); }

  /// One further position x [batch, 1, dim] -> [batch, 1, dim]. `past` is that of MultiHeadAttention::step.
  Tensor step(const Tensor& x, KeyValues& past, const KeyValues& source) const {
    return read_source(norm1.after(x, self_attn.step(norm1.before(x), past)), source);
  }

  /// alpha of the attention to the source, averaged over heads: x [batch, T, dim] -> [batch, T, S].
  Tensor attention_weights(const Tensor& x, const KeyValues& source) const {
    return mean(multihead_attn.attention_weights(norm2.before(read_target(x)), source), {1});
  }

 private:
  Tensor read_target(const Tensor& x) const { return norm1.after(x, self_attn(norm1.before(x), {}, true)); }

  Tensor read_source(Tensor x, const KeyValues& source) const {
    x = norm2.after(x, multihead_attn.context(norm2.before(x), source));
    if (feed_forward) x = norm3->after(x, (*feed_forward)(norm3->before(x)));
    return x;
  }
};

/// A sequence of layers and, with pre-norm, a norm after the last one (as torch.nn.TransformerEncoder and
/// TransformerDecoder with a norm).
template <class Layer>
struct TransformerStack {
  std::vector<Layer> layers;
  std::optional<LayerNorm> norm;

  TransformerStack(Scope scope, const TransformerOptions& o, Index count) {
    for (Index i = 0; i < count; ++i) layers.emplace_back(scope / "layers" / i, o);
    if (o.norm == NormOrder::pre) norm.emplace(scope / "norm", o.dim);
  }

 protected:
  Tensor normed(const Tensor& x) const { return norm ? (*norm)(x) : x; }
};

struct TransformerEncoder : TransformerStack<TransformerEncoderLayer> {
  using TransformerStack::TransformerStack;

  /// x [batch, S, dim], mask [batch, S] non-zero at tokens or undefined -> [batch, S, dim]
  Tensor operator()(Tensor x, const Tensor& mask = {}) const {
    for (const auto& layer : layers) x = layer(x, mask);
    return normed(x);
  }
};

/// Its source is one KeyValues per layer.
struct TransformerDecoder : TransformerStack<TransformerDecoderLayer> {
  using TransformerStack::TransformerStack;

  /// The keys and values of the encoder's output h [batch, S, dim], per layer.
  std::vector<KeyValues> key_values(const Tensor& h, const Tensor& mask = {}) const {
    std::vector<KeyValues> source;
    for (const auto& layer : layers) source.push_back(layer.key_values(h, mask));
    return source;
  }

  /// All positions at once: x [batch, T, dim] -> [batch, T, dim].
  Tensor operator()(Tensor x, const std::vector<KeyValues>& source) const {
    for (std::size_t i = 0; i < layers.size(); ++i) x = layers[i](x, source[i]);
    return normed(x);
  }

  /// One further position x [batch, 1, dim] -> [batch, 1, dim]. `past` holds the keys and values of the earlier
  /// positions, one per layer, empty before the first; those of x are appended.
  Tensor step(Tensor x, std::vector<KeyValues>& past, const std::vector<KeyValues>& source) const {
    past.resize(layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) x = layers[i].step(x, past[i], source[i]);
    return normed(x);
  }

  /// alpha of the last layer's attention to the source, averaged over heads: x [batch, T, dim] -> [batch, T, S].
  Tensor attention_weights(Tensor x, const std::vector<KeyValues>& source) const {
    for (std::size_t i = 0; i + 1 < layers.size(); ++i) x = layers[i](x, source[i]);
    return layers.back().attention_weights(x, source.back());
  }
};

}  // namespace gradus::nn
