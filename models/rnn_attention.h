#pragma once

#include <utility>
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
///     dot, general:     score_ij = s_j·h_i, s_jᵀ W h_i       v_i = h_i
///     location-aware:   score_ij = vᵀ tanh(W [h_i; s_j] + L [alpha_{i-r,j-1} .. alpha_{i+r,j-1}])     v_i = h_i
///
/// A' is kept as three matrices: the cell's weight_ih for x', with one product for all steps, its weight_hh for s, and
/// `context` for c. b' is the sum of the cell's two biases, bias_ih and bias_hh. In a decoder of several layers c is an
/// input of the first, and s_j is the state of the last. c_{j-1} is always fed; with the option `attentional` it is
/// Luong's attentional vector instead (SourceAttention). The output layer may copy words of the source (Copying).
struct RnnAttention final : Seq2Seq {
  TokenEmbedding source_embedding;  // x
  nn::Recurrent encoder;            // h
  Bridge bridge;                    // s_0 from h_m
  TokenEmbedding target_embedding;  // x'
  nn::Recurrent decoder;            // s; its cells have all of A' but the part for c
  SourceAttention attention;        // alpha and c
  nn::Linear context;               // the part of A' for c_{j-1}, without a bias
  OutputLayer output;               // logits from [s_j; c_j]

  /// Registers `encoder`, `decoder`, `alignment` and `output` below the scope.
  RnnAttention(nn::Scope scope, const Seq2SeqOptions& o)
      : source_embedding(scope / "encoder", o.source_vocab, o),
        encoder(scope / "encoder" / "network", encoder_network(o)),
        bridge(scope / "encoder" / "bridge", o),
        target_embedding(scope / "decoder", o.target_vocab, o, Positions::none, o.tied),
        decoder(scope / "decoder" / "network", decoder_network(o)),
        attention(scope / "alignment", o, encoder_width(o)),
        context(scope / "decoder" / "context", SourceAttention::reading_width(o, encoder_width(o)),
                decoder.cells[0].weights().weight_ih.size(0), false),
        output(scope / "output", o, SourceAttention::output_width(o, encoder_width(o)), target_embedding, o.hidden) {}

  static ModelInfo info();  // the row of the registry

  State encode(const Tensor& source) const override {
    const Tensor mask = nn::padding_mask(source);
    const auto [h, h_m] = encoder(source_embedding(source), mask);  // h_i = tanh(A [x_i; h_{i-1}] + b)
    const auto s_0 = bridge(h_m);                                   // s_0 = h_m
    const nn::KeyValues kv = attention.key_values(h, mask);         // k_i, v_i
    const Reading c_0 = attention.nothing(kv, context_width());     // c_0 = 0
    return {.source = to_tensors({kv}, output.copy_ids(source)), .cache = to_cache(s_0, c_0), .source_mask = mask};
  }

  Step step(const Tensor& word, const State& state) const override {
    check_state("rnn-attention", state, 3, 2 * decoder.cells.size() + 2);
    const nn::KeyValues kv = to_key_values(state.source, state.source_mask).front();
    const auto [s_before, c_before] = from_cache(state.cache);
    const Tensor x = decoder.project(target_embedding(word));
    const auto s = advance(x, s_before, c_before);                     // s_j = tanh(A' [x'_j; s_{j-1}; c_{j-1}] + b')
    const Reading c = attention.read(s.back().hidden, kv, c_before);   // c_j = sum_i alpha_ij v_i
    const Tensor read = attention.output_input(s.back().hidden, c.c);  // [s_j; c_j]
    return {output(read, {kv.keys, state.source.back()}), state.next(to_cache(s, c))};
  }

  Tensor logits(const Tensor& source, const Tensor& target_in) const override {
    const Tensor mask = nn::padding_mask(source);
    const auto [h, h_m] = encoder(source_embedding(source), mask);  // h_i = tanh(A [x_i; h_{i-1}] + b)
    auto s = bridge(h_m);                                           // s_0 = h_m
    const nn::KeyValues kv = attention.key_values(h, mask);         // k_i, v_i
    Reading c = attention.nothing(kv, context_width());             // c_0 = 0
    const Tensor xs = decoder.project(target_embedding(transpose(target_in, 0, 1)));  // [time, batch, gates * hidden]
    std::vector<Tensor> states, contexts;
    for (const Tensor& x : unbind(xs, 0)) {
      s = advance(x, s, c);                        // s_j = tanh(A' [x'_j; s_{j-1}; c_{j-1}] + b')
      c = attention.read(s.back().hidden, kv, c);  // c_j = sum_i alpha_ij v_i
      states.push_back(s.back().hidden);
      contexts.push_back(c.c);
    }
    const Tensor read = attention.output_input(stack(states, 1), stack(contexts, 1));  // [s_j; c_j]
    return output(read, {kv.keys, output.copy_ids(source)});
  }

  Tensor attention_weights(const Tensor& source, const Tensor& target_in) const override {
    State state = encode(source);
    const nn::KeyValues kv = to_key_values(state.source, state.source_mask).front();
    std::vector<Tensor> alphas;
    for (const Tensor& word : unbind(target_in, 1)) {
      const Reading before = from_cache(state.cache).second;
      state = step(word, state).state;
      const Tensor s = from_cache(state.cache).first.back().hidden;
      const Tensor alpha = attention.attention_weights(s, kv, before);  // alpha_ij = softmax_i(score_ij)
      alphas.push_back(alpha);
    }
    return stack(alphas, 1);
  }

 private:
  static Index encoder_width(const Seq2SeqOptions& o) { return encoder_directions(o) * o.hidden; }
  Index context_width() const { return context.weight.size(1); }

  /// s_j of each layer. x is the part of A' [x'_j; s_{j-1}; c_{j-1}] + b' that depends on x'_j.
  std::vector<nn::CellState> advance(const Tensor& x, const std::vector<nn::CellState>& s, const Reading& c) const {
    return decoder.step_projected(linear(c.c, context.weight, x), s);
  }

  // The cache is s_j of each layer and the reading of step j.
  static std::vector<Tensor> to_cache(const std::vector<nn::CellState>& s, const Reading& c) {
    std::vector<Tensor> cache = to_tensors(s);
    cache.insert(cache.end(), {c.c, c.alpha});
    return cache;
  }
  static std::pair<std::vector<nn::CellState>, Reading> from_cache(const std::vector<Tensor>& cache) {
    return {to_cell_states({cache.begin(), cache.end() - 2}), {cache.end()[-2], cache.back()}};
  }
};

}  // namespace gradus::models
