#pragma once

#include <algorithm>
#include <vector>

#include <gradus/models/words.h>
#include <gradus/nn/masks.h>
#include <gradus/nn/recurrent.h>

namespace gradus::models {

/// s_0 of each decoder layer from the encoder's last states. Where the encoder reads one way and has as many layers as
/// the decoder, s_0 = h_m, layer by layer. Otherwise s_0 = tanh(W h + b), with h all last states side by side and W, b
/// a decoder layer's own (Bahdanau et al. 2015, A.2.2, with both directions); an LSTM's memory likewise.
struct Bridge {
  std::vector<nn::Linear> hidden, memory;  // a decoder layer each; empty where states are handed on as they are

  Bridge(nn::Scope scope, const Seq2SeqOptions& o) {
    if (!o.bidirectional && o.encoder_layers == o.decoder_layers) return;
    const Index width = o.encoder_layers * (o.bidirectional ? 2 : 1) * o.hidden;
    for (Index layer = 0; layer < o.decoder_layers; ++layer) {
      hidden.emplace_back(scope / "hidden" / layer, width, o.hidden);
      if (o.cell == nn::CellKind::lstm) memory.emplace_back(scope / "memory" / layer, width, o.hidden);
    }
  }

  std::vector<nn::CellState> operator()(const std::vector<nn::CellState>& last) const {
    if (hidden.empty()) return last;
    std::vector<Tensor> h, c;
    for (const nn::CellState& s : last) {
      h.push_back(s.hidden);
      if (!memory.empty()) c.push_back(s.memory);
    }
    std::vector<nn::CellState> first(hidden.size());
    for (std::size_t layer = 0; layer < hidden.size(); ++layer) {
      first[layer].hidden = tanh(hidden[layer](concat(h, -1)));
      if (!memory.empty()) first[layer].memory = tanh(memory[layer](concat(c, -1)));
    }
    return first;
  }
};

/// h_i = cell(x_i, h_{i-1}) over the source, in layers and one or both directions.
struct RecurrentEncoder {
  struct Encoded {
    Tensor h;                          // [batch, source, directions * hidden]
    Tensor mask;                       // [batch, source]
    std::vector<nn::CellState> first;  // s_0, a decoder layer each
  };

  WordVectors words;
  nn::Recurrent network;
  Bridge bridge;

  RecurrentEncoder(nn::Scope scope, const Seq2SeqOptions& o)
      : words(scope, o.source_vocab, o, Positions::none, false),
        network(scope / "network", {.kind = o.cell,
                                    .in = o.dim,
                                    .hidden = o.hidden,
                                    .layers = o.encoder_layers,
                                    .bidirectional = o.bidirectional,
                                    .dropout = o.dropout}),
        bridge(scope / "bridge", o) {}

  Encoded operator()(const Tensor& source) const {
    const Tensor mask = nn::padding_mask(source);
    auto [h, last] = network(words(source), mask);
    return {h, mask, bridge(last)};
  }
};

/// Cells of the decoder: a layer each, forward.
inline nn::RecurrentOptions decoder_network(const Seq2SeqOptions& o) {
  return {.kind = o.cell, .in = o.dim, .hidden = o.hidden, .layers = o.decoder_layers, .dropout = o.dropout};
}

/// Gates of the cell: 1 for the tanh cell, 3 for a GRU, 4 for an LSTM.
inline double gates(const Seq2SeqOptions& o) {
  return o.cell == nn::CellKind::lstm ? 4 : o.cell == nn::CellKind::gru ? 3 : 1;
}
/// Multiply-adds per word of the encoder's cells, and of the decoder's.
inline double encoder_multiply_adds(const Seq2SeqOptions& o) {
  const auto d = static_cast<double>(o.dim), h = static_cast<double>(o.hidden),
             directions = o.bidirectional ? 2.0 : 1.0, further = static_cast<double>(o.encoder_layers - 1);
  return directions * gates(o) * h * (d + h + further * (directions * h + h));
}
inline double decoder_multiply_adds(const Seq2SeqOptions& o) {
  const auto d = static_cast<double>(o.dim), h = static_cast<double>(o.hidden),
             further = static_cast<double>(o.decoder_layers - 1);
  return gates(o) * h * (d + h + further * 2 * h);
}

/// Cell states as rows of a decoding state, and back from `rows`, which may hold others after them.
inline std::vector<Tensor> to_rows(const std::vector<nn::CellState>& states) {
  std::vector<Tensor> rows;
  for (const nn::CellState& s : states) {
    rows.push_back(s.hidden);
    if (s.memory.defined()) rows.push_back(s.memory);
  }
  return rows;
}
inline std::vector<nn::CellState> to_cell_states(const std::vector<Tensor>& rows, const nn::Recurrent& network) {
  const bool has_memory = std::holds_alternative<nn::LSTMCell>(network.cells[0].kind);
  std::vector<nn::CellState> states;
  auto row = rows.begin();
  for (std::size_t layer = 0; layer < network.cells.size(); ++layer) {
    states.push_back({*row++, {}});
    if (has_memory) states.back().memory = *row++;
  }
  return states;
}

}  // namespace gradus::models
