#pragma once

#include <tuple>

#include <gradus/models/seq2seq.h>
#include <gradus/models/words.h>
#include <gradus/nn/masks.h>
#include <gradus/nn/transformer.h>

namespace gradus::models {

/// Self-attention in place of recurrence (Vaswani et al. 2017). With SelfAttention(X) = Attention(X, X):
///
///     H = SelfAttention(X)                         the encoder
///     S = SelfAttention(X'), each j seeing 1..j    the decoder
///     C = Attention(H, S)                          logits from c_j
///
/// One layer, one head and nothing else is the smallest setting. Heads, layers, feed-forward sublayers, residuals,
/// layer norm, dropout and tied embeddings, each a switch, make it the Transformer. A projection W_O follows each
/// attention.
struct Transformer final : Seq2Seq {
  WordVectors source_words, target_words;
  nn::TransformerEncoder encoder;
  nn::TransformerDecoder decoder;
  WordScores output;

  Transformer(nn::Scope scope, const Seq2SeqOptions& o)
      : source_words(scope / "encoder", o.source_vocab, o, o.positions, false),
        target_words(scope / "decoder", o.target_vocab, o, o.positions, o.tied),
        encoder(scope / "encoder", layer_options(o), o.encoder_layers),
        decoder(scope / "decoder", layer_options(o), o.decoder_layers),
        output(scope / "output", o, o.dim, target_words) {}

  static ModelInfo info();

  /// The state's memory holds keys and values of H for each decoder layer; its rows, those of the words so far.
  State encode(const Tensor& source) const override {
    const Tensor mask = nn::padding_mask(source);
    return {.memory = to_tensors(decoder.prepare(encode_words(source, mask), mask)), .rows = {}, .source_mask = mask};
  }

  Step step(const Tensor& word, const State& state) const override {
    const auto memories = to_memories(state.memory, state.source_mask);
    const auto past = state.rows.empty() ? std::vector<nn::Memory>(memories.size()) : to_memories(state.rows, {});
    std::vector<nn::Memory> now(memories.size());
    Tensor weights;
    Tensor x = target_words(unsqueeze(word, 1), state.position);  // [batch, 1, dim]
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (state.want_weights && i + 1 == now.size()) weights = looks(decoder.layers[i], x, past[i], memories[i]);
      std::tie(x, now[i]) = decoder.layers[i].step(x, past[i], memories[i]);
    }
    if (decoder.norm) x = (*decoder.norm)(x);
    return {output(squeeze(x, 1)),
            {state.memory, to_tensors(now), state.source_mask, state.position + 1, state.want_weights},
            weights};
  }

  Tensor logits(const Tensor& source, const Tensor& target_in) const override {
    const Tensor mask = nn::padding_mask(source);
    const auto memories = decoder.prepare(encode_words(source, mask), mask);
    return output(decoder(target_words(target_in), memories));
  }

  Index max_target() const override { return target_words.longest(); }

 private:
  static nn::TransformerOptions layer_options(const Seq2SeqOptions& o) {
    return {.dim = o.dim, .heads = o.heads, .ffn = o.ffn, .dropout = o.dropout, .norm = o.norm, .residual = o.residual};
  }

  Tensor encode_words(const Tensor& source, const Tensor& mask) const { return encoder(source_words(source), mask); }

  /// Where a layer's step looks in the source, averaged over heads: [batch, source].
  static Tensor looks(const nn::TransformerDecoderLayer& layer, const Tensor& x, const nn::Memory& past,
                      const nn::Memory& memory) {
    const Tensor s = layer.around_self(x, [&](const Tensor& v) { return layer.self_attn.step(v, past).first; });
    Tensor weights;  // [batch, heads, 1, source]
    layer.around_memory(s, [&](const Tensor& v) {
      weights = layer.multihead_attn.weights(v, memory);
      return v;
    });
    return mean(squeeze(weights, 2), {1});
  }

  static std::vector<Tensor> to_tensors(const std::vector<nn::Memory>& memories) {
    std::vector<Tensor> tensors;
    for (const nn::Memory& m : memories) tensors.insert(tensors.end(), {m.keys, m.values});
    return tensors;
  }
  static std::vector<nn::Memory> to_memories(const std::vector<Tensor>& tensors, const Tensor& mask) {
    std::vector<nn::Memory> memories;
    for (std::size_t i = 0; i < tensors.size(); i += 2) memories.push_back({tensors[i], tensors[i + 1], mask});
    return memories;
  }
};

inline ModelInfo Transformer::info() {
  const auto sized = [](const char* heads, const char* layers, const char* ffn, const Assignments& more = {}) {
    Assignments all = {{"model.residual", "true"},       {"model.norm", "pre"},
                       {"model.heads", heads},           {"model.encoder_layers", layers},
                       {"model.decoder_layers", layers}, {"model.ffn", ffn}};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  return {
      .summary = "words read each other first (self-attention), then the source",
      .attends = true,
      .has_positions = true,
      .output_width = [](const Seq2SeqOptions& o) { return o.dim; },
      .check = check_heads,
      .cost = [](const Seq2SeqOptions& o, const BatchSize& b) -> Cost {
        const auto d = static_cast<double>(o.dim), f = static_cast<double>(o.ffn), S = b.source, T = b.target,
                   vocabulary = static_cast<double>(o.target_vocab), heads = static_cast<double>(o.heads),
                   encoders = static_cast<double>(o.encoder_layers), decoders = static_cast<double>(o.decoder_layers);
        const double encoder = S * (4 * d * d + 2 * S * d + 2 * d * f);
        const double decoder = T * (6 * d * d + 2 * T * d + 2 * S * d + 2 * d * f) + S * 2 * d * d;
        return {b.sequences * (encoders * encoder + decoders * decoder + T * d * vocabulary),
                b.sequences * heads * (encoders * S * S + decoders * (T * T + T * S))};
      },
      .presets = {{"tiny", sized("4", "2", "128", {{"train.lr", "0.001"}, {"train.warmup", "100"}})},
                  {"small", sized("4", "3", "512")},
                  {"base", sized("4", "4", "1024")}},
      // The activations of half a shard at a time, for less memory.
      .bench_sizes = {{"tiny", sized("4", "2", "256")},
                      {"small", sized("4", "2", "1024", {{"train.accumulate", "2"}})},
                      {"base", sized("8", "3", "2048", {{"train.accumulate", "2"}})}},
  };
}

}  // namespace gradus::models
