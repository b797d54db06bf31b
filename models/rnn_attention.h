#pragma once

#include <vector>

#include <gradus/models/output_layer.h>
#include <gradus/models/recurrent.h>
#include <gradus/models/seq2seq.h>
#include <gradus/models/source_attention.h>
#include <gradus/models/token_embedding.h>
#include <gradus/nn/masks.h>

namespace gradus::models {

/// The decoder attends to all encoder states (Bahdanau et al. 2015), after its own step (Luong et al. 2015):
///
///     h_i = tanh(A [x_i; h_{i-1}] + b)                s_0 = h_m, c_0 = 0
///     s_j = tanh(A' [x'_j; s_{j-1}; c_{j-1}] + b')
///     alpha_ij = softmax_i(score_ij)                  c_j = sum_i alpha_ij v_i
///     logits from [s_j; c_j]
///
///     additive:         score_ij = vᵀ tanh(W [h_i; s_j])     v_i = h_i
///     query-key-value:  score_ij = k_i·q_j / sqrt(d)         q_j = W_Q s_j, k_i = W_K h_i, v_i = W_V h_i
///
/// A' is kept as three matrices: the cell's weight_ih for x', with one product for all steps, its weight_hh for s, and
/// `context` for c. b' is the sum of the cell's two biases, bias_ih and bias_hh. In a decoder of several layers c is an
/// input of the first, and s_j is the state of the last.
struct RnnAttention final : Seq2Seq {
  TokenEmbedding source_embedding;
  nn::Recurrent encoder;
  Bridge bridge;
  TokenEmbedding target_embedding;
  nn::Recurrent decoder;
  SourceAttention attention;
  nn::Linear context;
  OutputLayer output;

  RnnAttention(nn::Scope scope, const Seq2SeqOptions& o)
      : source_embedding(scope / "encoder", o.source_vocab, o),
        encoder(scope / "encoder" / "network", encoder_network(o)),
        bridge(scope / "encoder" / "bridge", o),
        target_embedding(scope / "decoder", o.target_vocab, o, Positions::none, o.tied),
        decoder(scope / "decoder" / "network", decoder_network(o)),
        attention(scope / "alignment", o.alignment, o.hidden, encoder_directions(o) * o.hidden, o.hidden),
        context(scope / "decoder" / "context", context_width(o), decoder.cells[0].weights().weight_ih.size(0), false),
        output(scope / "output", o, o.hidden + context_width(o), target_embedding) {}

  static ModelInfo info();  // the row of the registry

  State encode(const Tensor& source) const override {
    const Tensor mask = nn::padding_mask(source);
    const auto [h, h_m] = encoder(source_embedding(source), mask);  // h_i = tanh(A [x_i; h_{i-1}] + b)
    const auto s_0 = bridge(h_m);                                   // s_0 = h_m
    const Tensor c_0 = zero_context(h);                             // c_0 = 0
    const nn::KeyValues kv = attention.key_values(h, mask);         // k_i, v_i
    return {.source = to_tensors({kv}), .cache = to_cache(s_0, c_0), .source_mask = mask};
  }

  Step step(const Tensor& word, const State& state) const override {
    const nn::KeyValues kv = to_key_values(state.source, state.source_mask).front();
    const auto s_before = to_cell_states(state.cache);
    const Tensor c_before = state.cache.back();
    const Tensor x = decoder.project(target_embedding(word));
    const auto s = advance(x, s_before, c_before);                   // s_j = tanh(A' [x'_j; s_{j-1}; c_{j-1}] + b')
    const Tensor c = attention.context(s.back().hidden, kv);         // c_j = sum_i alpha_ij v_i
    const Tensor logits = output(concat({s.back().hidden, c}, -1));  // from [s_j; c_j]
    return {logits, state.next(to_cache(s, c))};
  }

  Tensor logits(const Tensor& source, const Tensor& target_in) const override {
    const Tensor mask = nn::padding_mask(source);
    const auto [h, h_m] = encoder(source_embedding(source), mask);  // h_i = tanh(A [x_i; h_{i-1}] + b)
    auto s = bridge(h_m);                                           // s_0 = h_m
    Tensor c = zero_context(h);                                     // c_0 = 0
    const nn::KeyValues kv = attention.key_values(h, mask);         // k_i, v_i
    const Tensor xs = decoder.project(target_embedding(transpose(target_in, 0, 1)));  // [time, batch, gates * hidden]
    std::vector<Tensor> states, contexts;
    for (const Tensor& x : unbind(xs, 0)) {
      s = advance(x, s, c);                        // s_j = tanh(A' [x'_j; s_{j-1}; c_{j-1}] + b')
      c = attention.context(s.back().hidden, kv);  // c_j = sum_i alpha_ij v_i
      states.push_back(s.back().hidden);
      contexts.push_back(c);
    }
    return output(concat({stack(states, 1), stack(contexts, 1)}, -1));  // from [s_j; c_j]
  }

  Tensor attention_weights(const Tensor& source, const Tensor& target_in) const override {
    State state = encode(source);
    const nn::KeyValues kv = to_key_values(state.source, state.source_mask).front();
    std::vector<Tensor> alphas;
    for (const Tensor& word : unbind(target_in, 1)) {
      state = step(word, state).state;
      const Tensor s = to_cell_states(state.cache).back().hidden;
      const Tensor alpha = attention.attention_weights(s, kv);  // alpha_ij = softmax_i(score_ij)
      alphas.push_back(alpha);
    }
    return stack(alphas, 1);
  }

 private:
  static Index context_width(const Seq2SeqOptions& o) {
    return o.alignment == Alignment::additive ? encoder_directions(o) * o.hidden : o.hidden;
  }

  Tensor zero_context(const Tensor& h) const { return Tensor::zeros({h.size(0), context.weight.size(1)}, h.dtype()); }

  /// s_j of each layer. x is the part of A' [x'_j; s_{j-1}; c_{j-1}] + b' that depends on x'_j.
  std::vector<nn::CellState> advance(const Tensor& x, const std::vector<nn::CellState>& s, const Tensor& c) const {
    return decoder.step_projected(linear(c, context.weight, x), s);
  }

  static std::vector<Tensor> to_cache(const std::vector<nn::CellState>& s, const Tensor& c) {
    std::vector<Tensor> cache = to_tensors(s);
    cache.push_back(c);
    return cache;
  }
};

}  // namespace gradus::models
