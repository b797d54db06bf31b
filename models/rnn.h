#pragma once

#include <gradus/models/recurrent_encoder.h>
#include <gradus/models/seq2seq.h>

namespace gradus::models {

/// An encoder and a decoder with nothing but the last state between them (Sutskever et al. 2014; Cho et al. 2014):
///
///     h_i = tanh(A [x_i; h_{i-1}] + b)        s_0 = h_m
///     s_j = tanh(A' [x'_j; s_{j-1}] + b')     logits from s_j
///
/// with the tanh cell; a GRU or LSTM takes its place by a switch.
struct Rnn final : Seq2Seq {
  RecurrentEncoder encoder;
  WordVectors words;
  nn::Recurrent decoder;
  WordScores output;

  Rnn(nn::Scope scope, const Seq2SeqOptions& o)
      : encoder(scope / "encoder", o),
        words(scope / "decoder", o.target_vocab, o, Positions::none, o.tied),
        decoder(scope / "decoder" / "network", decoder_network(o)),
        output(scope / "output", o, o.hidden, words) {}

  static ModelInfo info();

  State encode(const Tensor& source) const override {
    const auto [h, mask, s0] = encoder(source);
    return {.memory = {}, .rows = to_rows(s0), .source_mask = mask};
  }

  Step step(const Tensor& word, const State& state) const override {
    const auto s = decoder.step(words(word), to_cell_states(state.rows, decoder));
    return {output(s.back().hidden), {{}, to_rows(s), state.source_mask, state.position + 1, state.want_weights}, {}};
  }

  Tensor logits(const Tensor& source, const Tensor& target_in) const override {
    return output(decoder(words(target_in), {}, encoder(source).first).outputs);
  }
};

inline ModelInfo Rnn::info() {
  return {
      .summary = "the last state alone has to hold the source",
      .output_width = [](const Seq2SeqOptions& o) { return o.hidden; },
      .cost = [](const Seq2SeqOptions& o, const BatchSize& b) -> Cost {
        const double output = static_cast<double>(o.hidden * o.target_vocab);
        return {b.sequences * (b.source * encoder_multiply_adds(o) + b.target * (decoder_multiply_adds(o) + output))};
      },
      .presets = {{"base", {{"model.encoder_layers", "2"}, {"model.decoder_layers", "2"}}}},
      .demo = {{"train.lr", "0.001"}},
  };
}

}  // namespace gradus::models
