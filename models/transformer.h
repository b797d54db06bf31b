#pragma once

#include <gradus/models/distance_bias.h>
#include <gradus/models/output_layer.h>
#include <gradus/models/seq2seq.h>
#include <gradus/models/token_embedding.h>
#include <gradus/nn/masks.h>
#include <gradus/nn/transformer.h>

namespace gradus::models {

/// Self-attention replaces recurrence (Vaswani et al. 2017). With SelfAttention(X) = Attention(X, X):
///
///     H = SelfAttention(X)       the encoder
///     S = SelfAttention(X')      each decoder layer, first; position j attends to 1..j only
///     C = Attention(H, S)        each decoder layer, then
///     logits from c_j
///
/// The smallest setting is one layer with one head alone. Heads, layers, feed-forward sublayers, residuals, layer norm,
/// dropout and tied embeddings are options; together they make the Transformer. A projection W_O follows each
/// attention. Positions are added to x and x', or act in self-attention: the attention to the source has none. The
/// output layer may copy words of the source (Copying).
struct Transformer final : Seq2Seq {
  TokenEmbedding source_embedding,  ///< x
      target_embedding;             ///< x'
  nn::TransformerEncoder encoder;   // H
  nn::TransformerDecoder decoder;   // S and C
  DistanceBias source_bias,         ///< of self-attention in the encoder
      target_bias;                  ///< of self-attention in the decoder
  OutputLayer output;               // logits from c_j

  /// Registers `encoder`, `decoder` and `output` below the scope.
  Transformer(nn::Scope scope, const Seq2SeqOptions& o)
      : source_embedding(scope / "encoder", o.source_vocab, o, o.positions),
        target_embedding(scope / "decoder", o.target_vocab, o, o.positions, o.tied),
        encoder(scope / "encoder", layer_options(o), o.encoder_layers),
        decoder(scope / "decoder", layer_options(o), o.decoder_layers),
        source_bias(scope / "encoder" / "distances", o),
        target_bias(scope / "decoder" / "distances", o),
        output(scope / "output", o, o.dim, target_embedding, o.dim) {}

  static ModelInfo info();  // the row of the registry

  State encode(const Tensor& source) const override {
    const Tensor mask = nn::padding_mask(source);
    const Tensor h = encoder(source_embedding(source), mask, over(source));  // H = SelfAttention(X)
    const auto kv = decoder.key_values(h, mask);
    return {.source = to_tensors(kv, output.copy_ids(source)), .cache = {}, .source_mask = mask};
  }

  Step step(const Tensor& word, const State& state) const override {
    const std::size_t tensors = 2 * decoder.layers.size();
    check_state("transformer", state, tensors + 1, state.cache.empty() ? 0 : tensors);
    auto past = to_key_values(state.cache);
    const auto kv = to_key_values(state.source, state.source_mask);
    const Tensor x = target_embedding(unsqueeze(word, 1), state.position);  // [batch, 1, dim]
    const Tensor c = decoder.step(x, past, kv, at(state.position));  // S = SelfAttention(X'), C = Attention(H, S)
    return {output(squeeze(c, 1), {kv.back().keys, state.source.back()}), state.next(to_tensors(past))};
  }

  Tensor logits(const Tensor& source, const Tensor& target_in) const override {
    const Tensor mask = nn::padding_mask(source);
    const Tensor h = encoder(source_embedding(source), mask, over(source));  // H = SelfAttention(X)
    const auto kv = decoder.key_values(h, mask);
    const Tensor x = target_embedding(target_in);
    const Tensor c = decoder(x, kv, up_to(target_in));  // S = SelfAttention(X'), C = Attention(H, S)
    return output(c, {kv.back().keys, output.copy_ids(source)});
  }

  Tensor attention_weights(const Tensor& source, const Tensor& target_in) const override {
    const Tensor mask = nn::padding_mask(source);
    const Tensor h = encoder(source_embedding(source), mask, over(source));
    const auto kv = decoder.key_values(h, mask);
    const Tensor x = target_embedding(target_in);
    const Tensor alpha = decoder.attention_weights(x, kv, up_to(target_in));  // of C = Attention(H, S), last layer
    return alpha;
  }

  std::vector<AttentionMap> attention_maps(const Tensor& source, const Tensor& target_in) const override {
    const Tensor mask = nn::padding_mask(source);
    const Tensor x = source_embedding(source);
    std::vector<AttentionMap> maps;
    for (const Tensor& alpha : encoder.attention_weights(x, mask, over(source)))
      maps.push_back({Reads::source_by_source, std::ssize(maps), alpha});
    const auto kv = decoder.key_values(encoder(x, mask, over(source)), mask);
    Index layer = 0;
    for (const auto& alpha : decoder.all_attention_weights(target_embedding(target_in), kv, up_to(target_in))) {
      maps.push_back({Reads::target_by_target, layer, alpha.target});
      maps.push_back({Reads::source_by_target, layer++, alpha.source});
    }
    return maps;
  }

  Index max_target() const override { return target_embedding.max_length(); }

 private:
  // Self-attention of a source, of a target up to each of its words, and of its word j alone.
  AttentionOptions over(const Tensor& source) const { return {.bias = source_bias(source.size(1), source.size(1))}; }
  nn::DecoderAttention up_to(const Tensor& target) const {
    return {.bias = target_bias(target.size(1), target.size(1))};
  }
  nn::DecoderAttention at(Index j) const { return {.bias = target_bias(1, j + 1, j)}; }

  static nn::TransformerOptions layer_options(const Seq2SeqOptions& o) {
    return {.dim = o.dim,
            .heads = o.heads,
            .ffn = o.ffn,
            .dropout = o.dropout,
            .attention_dropout = o.attention_dropout,
            .norm = o.norm,
            .residual = o.residual,
            .rotary = o.positions == Positions::rotary};
  }
};

}  // namespace gradus::models
