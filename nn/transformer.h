#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/feed_forward.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/layer_norm.h>
#include <gradus/nn/multi_head_attention.h>

namespace gradus::nn {

/// The place of the layer norm of a part f: none, before f, or after the residual.
enum class NormOrder { none, pre, post };

/// The options of the layers and stacks below.
struct TransformerOptions {
  Index dim = 0,                     ///< numbers of a position
      heads = 1;                     ///< divides dim
  Index ffn = 0;                     // width of the feed-forward part; 0 for none
  double dropout = 0;                // after each part, and inside the feed-forward part
  double attention_dropout = 0;      // of the weights of attention, which have the rate `dropout` in PyTorch's layers
  NormOrder norm = NormOrder::post;  // of each part
  bool residual = true;              // adds a part's input to its output
  Activation activation = Activation::relu;  // of the feed-forward part
  bool gated = false;                        // FeedForwardOptions::gated
  double eps = 1e-5;                         // of the norms
  bool bias = true;                          // of linear layers and norms
  bool rotary = false;                       // MultiHeadAttentionOptions::rotary, of self-attention
  std::optional<bool> last_norm = {};        // of a stack, after its last layer; unset: with pre-norm
};

/// The norm, the dropout and the residual around a part f of a layer: x ← after(x, f(before(x))), which is
/// norm(x + dropout(f(x))) with post-norm (Vaswani et al. 2017), x + dropout(f(norm(x))) with pre-norm (Xiong et al.
/// 2020).
struct ResidualNorm {
  NormOrder order;                // TransformerOptions::norm
  bool residual;                  // whether x is added
  Dropout dropout;                // of f(x)
  std::optional<LayerNorm> norm;  // none with NormOrder::none

  /// Registers the norm below the scope, if there is one.
  ResidualNorm(Scope scope, const TransformerOptions& o) : order(o.norm), residual(o.residual), dropout{o.dropout} {
    if (order != NormOrder::none) norm.emplace(scope, o.dim, o.eps, o.bias);
  }

  /// What f reads: norm(x) with pre-norm, else x.
  Tensor before(const Tensor& x, Place place = Place::current()) const {
    return order == NormOrder::pre ? (*norm)(x, place) : x;
  }
  /// The result of the part from x and fx = f(before(x)).
  Tensor after(const Tensor& x, const Tensor& fx, Place place = Place::current()) const {
    const Tensor y = residual ? add({x, place}, dropout(fx, place)) : dropout(fx, place);
    return order == NormOrder::post ? (*norm)(y, place) : y;
  }
};

/// The options of a layer's part: attention to a source, self-attention (`self_`) or feed-forward.
inline MultiHeadAttentionOptions attention_of(const TransformerOptions& o) {
  return {.dim = o.dim, .heads = o.heads, .dropout = o.attention_dropout, .bias = o.bias};
}
inline MultiHeadAttentionOptions self_attention_of(const TransformerOptions& o) {
  MultiHeadAttentionOptions self = attention_of(o);
  self.rotary = o.rotary;
  return self;
}
inline FeedForwardOptions feed_forward_of(const TransformerOptions& o) {
  return {.activation = o.activation, .dropout = o.dropout, .bias = o.bias, .gated = o.gated};
}

/// Self-attention, then feed-forward. Parameters are those of torch.nn.TransformerEncoderLayer with batch_first.
struct TransformerEncoderLayer {
  MultiHeadAttention self_attn;             // to x itself
  std::optional<FeedForward> feed_forward;  // none when ffn is 0
  ResidualNorm norm1;                       // around self-attention
  std::optional<ResidualNorm> norm2;        // around feed_forward
  std::string path;                         // of the scope

  /// Throws unless heads divides dim, and with rotary positions dim / 2 too.
  TransformerEncoderLayer(Scope scope, const TransformerOptions& o)
      : self_attn(scope / "self_attn", self_attention_of(o)), norm1(scope / "norm1", o), path(scope.path()) {
    if (o.ffn == 0) return;
    feed_forward.emplace(scope, o.dim, o.ffn, feed_forward_of(o));
    norm2.emplace(scope / "norm2", o);
  }

  /// x [batch, S, dim], padding mask [batch, S] non-zero at tokens or undefined -> [batch, S, dim]. `attention` may
  /// have a mask [S, S] and a bias of the scores, and make self-attention causal.
  Tensor operator()(Tensor x, const Tensor& mask = {}, const AttentionOptions& attention = {},
                    Place place = Place::current()) const {
    const Region region(path);
    x = norm1.after(x, self_attn(norm1.before(x, place), mask, attention, place), place);
    if (feed_forward) x = norm2->after(x, (*feed_forward)(norm2->before(x, place), place), place);
    return x;
  }

  /// alpha of each head, with the arguments of a call: [batch, heads, S, S].
  Tensor attention_weights(const Tensor& x, const Tensor& mask = {}, const AttentionOptions& attention = {},
                           Place place = Place::current()) const {
    const Tensor h = norm1.before(x, place);
    return self_attn.attention_weights(h, self_attn.key_values(h, mask, place), attention, place);
  }
};

/// The attention weights of one layer of a decoder.
struct DecoderAttentionWeights {
  Tensor target;  // of self-attention, [batch, heads, T, T]
  Tensor source;  // of the attention to the source, [batch, heads, T, S]
};

/// What the positions of a decoder attend to. Masks and biases are those of the op `attention`.
struct DecoderAttention {
  bool causal = true;       // position j attends to positions i <= j only
  Tensor mask = {},         ///< of self-attention, [T, T]
      bias = {};            ///< of self-attention, [T, T]
  Tensor source_mask = {},  ///< of the attention to the source, [T, S]
      source_bias = {};     ///< of the attention to the source, [T, S]

  /// The options of self-attention, and of the attention to the source.
  AttentionOptions self() const { return {.mask = mask, .bias = bias, .causal = causal}; }
  AttentionOptions source() const { return {.mask = source_mask, .bias = source_bias}; }
};

/// Self-attention, then attention to the encoder's output, then feed-forward. Parameters are those of
/// torch.nn.TransformerDecoderLayer with batch_first. Unlike there, self-attention is causal unless stated.
struct TransformerDecoderLayer {
  MultiHeadAttention self_attn,             ///< to x itself
      multihead_attn;                       ///< to the encoder's output
  std::optional<FeedForward> feed_forward;  // none when ffn is 0
  ResidualNorm norm1,                       ///< around self_attn
      norm2;                                ///< around multihead_attn
  std::optional<ResidualNorm> norm3;        // around feed_forward
  std::string path;                         // of the scope

  /// Throws as TransformerEncoderLayer does.
  TransformerDecoderLayer(Scope scope, const TransformerOptions& o)
      : self_attn(scope / "self_attn", self_attention_of(o)),
        multihead_attn(scope / "multihead_attn", attention_of(o)),
        norm1(scope / "norm1", o),
        norm2(scope / "norm2", o),
        path(scope.path()) {
    if (o.ffn == 0) return;
    feed_forward.emplace(scope, o.dim, o.ffn, feed_forward_of(o));
    norm3.emplace(scope / "norm3", o);
  }

  /// The keys and values of the encoder's output h [batch, S, dim] for this layer, with its padding mask [batch, S].
  KeyValues key_values(const Tensor& h, const Tensor& mask = {}, Place place = Place::current()) const {
    return multihead_attn.key_values(h, mask, place);
  }

  /// All positions at once: x [batch, T, dim] -> [batch, T, dim]. While self-attention is causal, padding at the end of
  /// a target needs no mask.
  Tensor operator()(const Tensor& x, const KeyValues& source, const DecoderAttention& attention = {},
                    Place place = Place::current()) const {
    const Region region(path);
    return read_source(read_target(x, attention, place), source, attention, place);
  }

  /// One further position x [batch, 1, dim] -> [batch, 1, dim]. `past` is that of MultiHeadAttention::step, and stays
  /// as it is when this throws.
  Tensor step(const Tensor& x, KeyValues& past, const KeyValues& source, const DecoderAttention& attention = {},
              Place place = Place::current()) const {
    const Region region(path);
    const AttentionOptions self{.mask = attention.mask, .bias = attention.bias};
    KeyValues grown = past;
    const Tensor read = self_attn.step(norm1.before(x, place), grown, self, place);
    const Tensor y = read_source(norm1.after(x, read, place), source, attention, place);
    past = std::move(grown);
    return y;
  }

  /// alpha of the attention to the source, averaged over heads: x [batch, T, dim] -> [batch, T, S].
  Tensor attention_weights(const Tensor& x, const KeyValues& source, const DecoderAttention& attention = {},
                           Place place = Place::current()) const {
    return mean(source_weights(read_target(x, attention, place), source, attention, place), {1});
  }

  /// alpha of each head of both attentions.
  DecoderAttentionWeights all_attention_weights(const Tensor& x, const KeyValues& source,
                                                const DecoderAttention& attention = {},
                                                Place place = Place::current()) const {
    const Tensor h = norm1.before(x, place);
    return {self_attn.attention_weights(h, self_attn.key_values(h, {}, place), attention.self(), place),
            source_weights(read_target(x, attention, place), source, attention, place)};
  }

 private:
  Tensor read_target(const Tensor& x, const DecoderAttention& attention, const Place& place) const {
    return norm1.after(x, self_attn(norm1.before(x, place), {}, attention.self(), place), place);
  }

  Tensor source_weights(const Tensor& x, const KeyValues& source, const DecoderAttention& attention,
                        const Place& place) const {
    return multihead_attn.attention_weights(norm2.before(x, place), source, attention.source(), place);
  }

  Tensor read_source(Tensor x, const KeyValues& source, const DecoderAttention& attention, const Place& place) const {
    x = norm2.after(x, multihead_attn.context(norm2.before(x, place), source, attention.source(), place), place);
    if (feed_forward) x = norm3->after(x, (*feed_forward)(norm3->before(x, place), place), place);
    return x;
  }
};

/// A sequence of layers and, with pre-norm or the option last_norm, a norm after the last one (as
/// torch.nn.TransformerEncoder and TransformerDecoder with a norm).
template <class Layer>
struct TransformerStack {
  std::vector<Layer> layers;      // first to last
  std::optional<LayerNorm> norm;  // after the last layer
  std::string path;               // of the scope, for messages

  /// Registers `count` layers at `layers.0` and so on, and the norm at `norm`. Throws an Error for less than 1 layer
  /// and for more than 1000.
  TransformerStack(Scope scope, const TransformerOptions& o, Index count) : path(scope.path()) {
    check_layers(path, count);
    for (Index i = 0; i < count; ++i) layers.emplace_back(scope / "layers" / i, o);
    if (o.last_norm.value_or(o.norm == NormOrder::pre)) norm.emplace(scope / "norm", o.dim, o.eps, o.bias);
  }

 protected:
  /// x after the norm, if there is one.
  Tensor normed(const Tensor& x, const Place& place) const { return norm ? (*norm)(x, place) : x; }
};

/// A stack of TransformerEncoderLayer, as torch.nn.TransformerEncoder.
struct TransformerEncoder : TransformerStack<TransformerEncoderLayer> {
  /// The constructor of TransformerStack.
  using TransformerStack::TransformerStack;

  /// x [batch, S, dim], padding mask [batch, S] non-zero at tokens or undefined -> [batch, S, dim]. `attention` is that
  /// of each layer.
  Tensor operator()(Tensor x, const Tensor& mask = {}, const AttentionOptions& attention = {},
                    Place place = Place::current()) const {
    for (const auto& layer : layers) x = layer(x, mask, attention, place);
    return normed(x, place);
  }

  /// alpha of each layer and head, with the arguments of a call: [batch, heads, S, S] per layer.
  std::vector<Tensor> attention_weights(Tensor x, const Tensor& mask = {}, const AttentionOptions& attention = {},
                                        Place place = Place::current()) const {
    std::vector<Tensor> weights;
    for (const auto& layer : layers) {
      weights.push_back(layer.attention_weights(x, mask, attention, place));
      x = layer(x, mask, attention, place);
    }
    return weights;
  }
};

/// Its source is one KeyValues per layer.
struct TransformerDecoder : TransformerStack<TransformerDecoderLayer> {
  /// The constructor of TransformerStack.
  using TransformerStack::TransformerStack;

  /// The keys and values of the encoder's output h [batch, S, dim], per layer.
  std::vector<KeyValues> key_values(const Tensor& h, const Tensor& mask = {}, Place place = Place::current()) const {
    std::vector<KeyValues> source;
    for (const auto& layer : layers) source.push_back(layer.key_values(h, mask, place));
    return source;
  }

  /// All positions at once: x [batch, T, dim] -> [batch, T, dim].
  Tensor operator()(Tensor x, const std::vector<KeyValues>& source, const DecoderAttention& attention = {},
                    Place place = Place::current()) const {
    check_source(source, place);
    for (std::size_t i = 0; i < layers.size(); ++i) x = layers[i](x, source[i], attention, place);
    return normed(x, place);
  }

  /// One further position x [batch, 1, dim] -> [batch, 1, dim]. `past` holds the keys and values of the earlier
  /// positions, one per layer, empty before the first; those of x are appended. It stays as it is when this throws.
  Tensor step(Tensor x, std::vector<KeyValues>& past, const std::vector<KeyValues>& source,
              const DecoderAttention& attention = {}, Place place = Place::current()) const {
    check_source(source, place);
    if (!past.empty()) check_per_layer("the past", past, place);
    std::vector<KeyValues> grown = past;
    grown.resize(layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) x = layers[i].step(x, grown[i], source[i], attention, place);
    const Tensor y = normed(x, place);
    past = std::move(grown);
    return y;
  }

  /// alpha of the last layer's attention to the source, averaged over heads: x [batch, T, dim] -> [batch, T, S].
  Tensor attention_weights(Tensor x, const std::vector<KeyValues>& source, const DecoderAttention& attention = {},
                           Place place = Place::current()) const {
    check_source(source, place);
    if (layers.empty()) throw Error(to_string(name(place)) + " has no layer, and so no attention weights", place);
    for (std::size_t i = 0; i + 1 < layers.size(); ++i) x = layers[i](x, source[i], attention, place);
    return layers.back().attention_weights(x, source.back(), attention, place);
  }

  /// alpha of each layer and head.
  std::vector<DecoderAttentionWeights> all_attention_weights(Tensor x, const std::vector<KeyValues>& source,
                                                             const DecoderAttention& attention = {},
                                                             Place place = Place::current()) const {
    check_source(source, place);
    std::vector<DecoderAttentionWeights> weights;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      weights.push_back(layers[i].all_attention_weights(x, source[i], attention, place));
      x = layers[i](x, source[i], attention, place);
    }
    return weights;
  }

 private:
  LayerCall name(const Place& place) const { return {"TransformerDecoder", path, place}; }

  void check_source(const std::vector<KeyValues>& source, const Place& place) const {
    check_per_layer("the source, from key_values,", source, place);
  }

  void check_per_layer(const char* what, const std::vector<KeyValues>& given, const Place& place) const {
    if (given.size() == layers.size()) return;
    throw Error(to_string(name(place)) + ": " + what + " has the keys and values of " + std::to_string(given.size()) +
                    " layers; expected one for each of its " + std::to_string(layers.size()) + " layers",
                place);
  }
};

}  // namespace gradus::nn
