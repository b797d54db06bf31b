#pragma once

#include <optional>
#include <tuple>
#include <utility>
#include <vector>

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

/// What stands around each part f of a layer:
/// post: x ← norm(x + dropout(f(x))) (Vaswani et al. 2017); pre: x ← x + dropout(f(norm(x))) (Xiong et al. 2020).
struct Sublayer {
  NormOrder order;
  bool residual;
  Dropout dropout;
  std::optional<LayerNorm> norm;

  Sublayer(Scope scope, const TransformerOptions& o) : order(o.norm), residual(o.residual), dropout{o.dropout} {
    if (order != NormOrder::none) norm.emplace(scope, o.dim);
  }

  template <class F>
  Tensor operator()(const Tensor& x, F&& f) const {
    Tensor y = dropout(f(order == NormOrder::pre ? (*norm)(x) : x));
    if (residual) y = x + y;
    return order == NormOrder::post ? (*norm)(y) : y;
  }
};

/// Self-attention, then feed-forward. Parameters are those of torch.nn.TransformerEncoderLayer with batch_first.
struct TransformerEncoderLayer {
  MultiHeadAttention self_attn;
  std::optional<FeedForward> feed_forward;
  Sublayer around_attention;
  std::optional<Sublayer> around_feed_forward;

  TransformerEncoderLayer(Scope scope, const TransformerOptions& o)
      : self_attn(scope / "self_attn", o.dim, o.heads), around_attention(scope / "norm1", o) {
    if (o.ffn == 0) return;
    feed_forward.emplace(scope, o.dim, o.ffn, o.activation, o.dropout);
    around_feed_forward.emplace(scope / "norm2", o);
  }

  /// x [batch, S, dim], mask [batch, S] non-zero at tokens or undefined -> [batch, S, dim]
  Tensor operator()(const Tensor& x, const Tensor& mask = {}) const {
    Tensor y = around_attention(x, [&](const Tensor& v) { return self_attn(v, mask); });
    if (feed_forward) y = (*around_feed_forward)(y, *feed_forward);
    return y;
  }
};

/// Causal self-attention, then attention to the encoder, then feed-forward. Parameters are those of
/// torch.nn.TransformerDecoderLayer with batch_first.
struct TransformerDecoderLayer {
  MultiHeadAttention self_attn, multihead_attn;
  std::optional<FeedForward> feed_forward;
  Sublayer around_self, around_memory;
  std::optional<Sublayer> around_feed_forward;

  TransformerDecoderLayer(Scope scope, const TransformerOptions& o)
      : self_attn(scope / "self_attn", o.dim, o.heads),
        multihead_attn(scope / "multihead_attn", o.dim, o.heads),
        around_self(scope / "norm1", o),
        around_memory(scope / "norm2", o) {
    if (o.ffn == 0) return;
    feed_forward.emplace(scope, o.dim, o.ffn, o.activation, o.dropout);
    around_feed_forward.emplace(scope / "norm3", o);
  }

  /// Keys and values of the encoder's output h [batch, S, dim]; once a sentence.
  Memory prepare(const Tensor& h, const Tensor& mask = {}) const { return multihead_attn.prepare(h, mask); }

  /// All positions at once: x [batch, T, dim] -> [batch, T, dim]. Position j sees the positions up to j. Padding of the
  /// target at the end needs no mask: no token sees it.
  Tensor operator()(const Tensor& x, const Memory& memory) const {
    return after_self(around_self(x, [&](const Tensor& v) { return self_attn(v, {}, true); }), memory);
  }

  /// One further position x [batch, 1, dim], given the past (undefined at first): its output, and the past that now
  /// includes it.
  std::pair<Tensor, Memory> step(const Tensor& x, const Memory& past, const Memory& memory) const {
    Memory now;
    Tensor y = around_self(x, [&](const Tensor& v) {
      auto [attended, grown] = self_attn.step(v, past);
      now = grown;
      return attended;
    });
    return {after_self(y, memory), now};
  }

 private:
  Tensor after_self(const Tensor& x, const Memory& memory) const {
    Tensor y = around_memory(x, [&](const Tensor& v) { return multihead_attn.attend(v, memory); });
    if (feed_forward) y = (*around_feed_forward)(y, *feed_forward);
    return y;
  }
};

/// A stack of encoder layers, and with pre-norm a last norm (torch.nn.TransformerEncoder with a norm).
struct TransformerEncoder {
  std::vector<TransformerEncoderLayer> layers;
  std::optional<LayerNorm> norm;

  TransformerEncoder(Scope scope, const TransformerOptions& o, Index count) {
    for (Index i = 0; i < count; ++i) layers.emplace_back(scope / "layers" / i, o);
    if (o.norm == NormOrder::pre) norm.emplace(scope / "norm", o.dim);
  }

  /// [batch, S, dim] -> [batch, S, dim]
  Tensor operator()(Tensor x, const Tensor& mask = {}) const {
    for (const auto& layer : layers) x = layer(x, mask);
    return norm ? (*norm)(x) : x;
  }
};

/// A stack of decoder layers, and with pre-norm a last norm (torch.nn.TransformerDecoder with a norm).
struct TransformerDecoder {
  std::vector<TransformerDecoderLayer> layers;
  std::optional<LayerNorm> norm;

  TransformerDecoder(Scope scope, const TransformerOptions& o, Index count) {
    for (Index i = 0; i < count; ++i) layers.emplace_back(scope / "layers" / i, o);
    if (o.norm == NormOrder::pre) norm.emplace(scope / "norm", o.dim);
  }

  /// One memory a layer, of the encoder's output h [batch, S, dim].
  std::vector<Memory> prepare(const Tensor& h, const Tensor& mask = {}) const {
    std::vector<Memory> memories;
    for (const auto& layer : layers) memories.push_back(layer.prepare(h, mask));
    return memories;
  }

  /// All positions at once: [batch, T, dim] -> [batch, T, dim].
  Tensor operator()(Tensor x, const std::vector<Memory>& memories) const {
    for (std::size_t i = 0; i < layers.size(); ++i) x = layers[i](x, memories[i]);
    return norm ? (*norm)(x) : x;
  }

  /// One further position x [batch, 1, dim]; `past` has an entry a layer, default-constructed before the first
  /// position.
  std::pair<Tensor, std::vector<Memory>> step(Tensor x, const std::vector<Memory>& past,
                                              const std::vector<Memory>& memories) const {
    std::vector<Memory> now(layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) std::tie(x, now[i]) = layers[i].step(x, past[i], memories[i]);
    return {norm ? (*norm)(x) : x, std::move(now)};
  }
};

}  // namespace gradus::nn
