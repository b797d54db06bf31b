#pragma once

#include <variant>

#include <gradus/models/recurrent_encoder.h>
#include <gradus/models/seq2seq.h>
#include <gradus/nn/attention.h>

namespace gradus::models {

/// The decoder looks back at all encoder states (Bahdanau et al. 2015), after each step of its own (Luong et al. 2015):
///
///     h_i = tanh(A [x_i; h_{i-1}] + b)                s_0 = h_m, c_0 = 0
///     s_j = tanh(A' [x'_j; s_{j-1}; c_{j-1}] + b')
///     alpha_ij = softmax_i(score_ij)                  c_j = sum_i alpha_ij v_i
///     logits from [s_j; c_j]
///
///     additive:         score_ij = vᵀ tanh(W [h_i; s_j])     v_i = h_i
///     query-key-value:  score_ij = k_i·q_j / sqrt(d)         q_j = W_Q s_j, k_i = W_K h_i, v_i = W_V h_i
///
/// A' is kept in three parts: of x' (the cell's weight_ih), of s (its weight_hh) and of c (`context`), so that the
/// first is one product over all steps. In a decoder of several layers c enters the first, and s_j is the state of the
/// last.
struct RnnAttention final : Seq2Seq {
  RecurrentEncoder encoder;
  WordVectors words;
  nn::Recurrent decoder;
  std::variant<nn::AdditiveAttention, nn::Attention> alignment;
  nn::Linear context;
  WordScores output;

  RnnAttention(nn::Scope scope, const Seq2SeqOptions& o)
      : encoder(scope / "encoder", o),
        words(scope / "decoder", o.target_vocab, o, Positions::none, o.tied),
        decoder(scope / "decoder" / "network", decoder_network(o)),
        alignment(make_alignment(scope / "alignment", o)),
        context(scope / "decoder" / "context", context_width(o), decoder.cells[0].weights().weight_ih.size(0), false),
        output(scope / "output", o, o.hidden + context_width(o), words) {}

  static ModelInfo info();

  State encode(const Tensor& source) const override {
    const auto [h, mask, s0] = encoder(source);
    const nn::Memory memory = prepare(h, mask);
    State state{.memory = {memory.keys, memory.values}, .rows = to_rows(s0), .source_mask = mask};
    state.rows.push_back(zero_context(h.size(0), h.dtype()));
    return state;
  }

  Step step(const Tensor& word, const State& state) const override {
    const nn::Memory memory{state.memory[0], state.memory[1], state.source_mask};
    const auto s =
        advance(decoder.cells[0].project(words(word)), to_cell_states(state.rows, decoder), state.rows.back());
    const nn::Attended c = attend(s.back().hidden, memory, state.want_weights);
    std::vector<Tensor> rows = to_rows(s);
    rows.push_back(c.context);
    return {output(concat({s.back().hidden, c.context}, -1)),
            {state.memory, std::move(rows), state.source_mask, state.position + 1, state.want_weights},
            c.weights};
  }

  Tensor logits(const Tensor& source, const Tensor& target_in) const override {
    auto [h, mask, s] = encoder(source);
    const nn::Memory memory = prepare(h, mask);
    const auto inputs =
        unbind(decoder.cells[0].project(words(transpose(target_in, 0, 1))), 0);  // [batch, gates * hidden]
    Tensor c = zero_context(h.size(0), h.dtype());
    std::vector<Tensor> states, contexts;
    for (const Tensor& x : inputs) {
      s = advance(x, s, c);
      c = attend(s.back().hidden, memory, false).context;
      states.push_back(s.back().hidden);
      contexts.push_back(c);
    }
    return output(concat({stack(states, 1), stack(contexts, 1)}, -1));  // [batch, time, target_vocab]
  }

 private:
  /// Numbers of c_j: those of v_i, which is h_i or W_V h_i.
  static Index context_width(const Seq2SeqOptions& o) {
    return o.hidden * (o.alignment == Alignment::additive && o.bidirectional ? 2 : 1);
  }

  static std::variant<nn::AdditiveAttention, nn::Attention> make_alignment(nn::Scope scope, const Seq2SeqOptions& o) {
    const Index h = (o.bidirectional ? 2 : 1) * o.hidden;
    if (o.alignment == Alignment::additive) return nn::AdditiveAttention(scope, o.hidden, h, o.hidden);
    return nn::Attention(scope, o.hidden, h, o.hidden);
  }

  nn::Memory prepare(const Tensor& h, const Tensor& mask) const {
    return std::visit([&](const auto& a) { return a.prepare(h, mask); }, alignment);
  }

  /// s_j from the word's part of A' [x'_j; s_{j-1}; c_{j-1}] + b'.
  std::vector<nn::CellState> advance(const Tensor& x, const std::vector<nn::CellState>& s, const Tensor& c) const {
    return decoder.step_projected(linear(c, context.weight, x), s);
  }

  nn::Attended attend(const Tensor& s, const nn::Memory& memory, bool want_weights) const {
    return std::visit(
        [&](const auto& a) {
          return want_weights ? a.attend(s, memory) : nn::Attended{a.context(s, memory), {}};
        },
        alignment);
  }

  Tensor zero_context(Index batch, DType dtype) const { return Tensor::zeros({batch, context.weight.size(1)}, dtype); }
};

inline ModelInfo RnnAttention::info() {
  return {
      .summary = "the decoder reads every state of the encoder",
      .attends = true,
      .output_width = [](const Seq2SeqOptions& o) { return o.hidden + context_width(o); },
      .cost = [](const Seq2SeqOptions& o, const BatchSize& b) -> Cost {
        const auto h = static_cast<double>(o.hidden), c = static_cast<double>(context_width(o)),
                   vocabulary = static_cast<double>(o.target_vocab), encoded = o.bidirectional ? 2 * h : h;
        const double keys_and_values = (o.alignment == Alignment::additive ? 1 : 2) * encoded * h;
        const double attention = h * h + b.source * (h + c);
        const double step = decoder_multiply_adds(o) + gates(o) * h * c + attention + (h + c) * vocabulary;
        return {b.sequences * (b.source * (encoder_multiply_adds(o) + keys_and_values) + b.target * step),
                b.sequences * b.target * b.source};
      },
      .presets = {{"base", {{"model.encoder_layers", "2"}, {"model.decoder_layers", "2"}}}},
  };
}

}  // namespace gradus::models
