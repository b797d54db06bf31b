#pragma once

#include <gradus/models/output_layer.h>
#include <gradus/models/recurrent.h>
#include <gradus/models/seq2seq.h>
#include <gradus/models/token_embedding.h>
#include <gradus/nn/masks.h>

namespace gradus::models {

/// An encoder and a decoder, with only the last state between them (Sutskever et al. 2014; Cho et al. 2014):
///
///     h_i = tanh(A [x_i; h_{i-1}] + b)        s_0 = h_m
///     s_j = tanh(A' [x'_j; s_{j-1}] + b')     logits from s_j
///
/// An option replaces the tanh cell by a GRU or an LSTM. As in PyTorch a cell keeps A as two matrices, weight_ih for x
/// and weight_hh for h, and b as the sum of two biases, bias_ih and bias_hh.
struct Rnn final : Seq2Seq {
  TokenEmbedding source_embedding;  // x
  nn::Recurrent encoder;            // h
  Bridge bridge;                    // s_0 from h_m
  TokenEmbedding target_embedding;  // x'
  nn::Recurrent decoder;            // s
  OutputLayer output;               // logits from s_j

  /// Registers `encoder`, `decoder` and `output` below the scope.
  Rnn(nn::Scope scope, const Seq2SeqOptions& o)
      : source_embedding(scope / "encoder", o.source_vocab, o),
        encoder(scope / "encoder" / "network", encoder_network(o)),
        bridge(scope / "encoder" / "bridge", o),
        target_embedding(scope / "decoder", o.target_vocab, o, Positions::none, o.tied),
        decoder(scope / "decoder" / "network", decoder_network(o)),
        output(scope / "output", o, o.hidden, target_embedding) {}

  static ModelInfo info();  // the row of the registry

  State encode(const Tensor& source) const override {
    const Tensor mask = nn::padding_mask(source);
    const auto [h, h_m] = encoder(source_embedding(source), mask);  // h_i = tanh(A [x_i; h_{i-1}] + b)
    const auto s_0 = bridge(h_m);                                   // s_0 = h_m
    return {.source = {}, .cache = to_tensors(s_0), .source_mask = mask};
  }

  Step step(const Tensor& word, const State& state) const override {
    check_state("rnn", state, 0, 2 * decoder.cells.size());
    const auto s_before = to_cell_states(state.cache);
    const auto s = decoder.step(target_embedding(word), s_before);  // s_j = tanh(A' [x'_j; s_{j-1}] + b')
    return {output(s.back().hidden), state.next(to_tensors(s))};
  }

  Tensor logits(const Tensor& source, const Tensor& target_in) const override {
    const Tensor mask = nn::padding_mask(source);
    const auto [h, h_m] = encoder(source_embedding(source), mask);           // h_i = tanh(A [x_i; h_{i-1}] + b)
    const auto s_0 = bridge(h_m);                                            // s_0 = h_m
    const Tensor s = decoder(target_embedding(target_in), {}, s_0).outputs;  // s_j = tanh(A' [x'_j; s_{j-1}] + b')
    return output(s);
  }
};

}  // namespace gradus::models
