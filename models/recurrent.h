#pragma once

#include <vector>

#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/models/options.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/recurrent.h>

// The parts that the two recurrent models share.
namespace gradus::models {

/// 2 for an encoder that reads both ways, else 1.
inline Index encoder_directions(const Seq2SeqOptions& o) { return o.bidirectional ? 2 : 1; }

/// The options of the encoder's network.
inline nn::RecurrentOptions encoder_network(const Seq2SeqOptions& o) {
  return {.kind = o.cell,
          .in = o.dim,
          .hidden = o.hidden,
          .layers = o.encoder_layers,
          .bidirectional = o.bidirectional,
          .dropout = o.dropout,
          .norm = o.cell_norm};
}

/// The options of the decoder's network, which reads one way.
inline nn::RecurrentOptions decoder_network(const Seq2SeqOptions& o) {
  return {.kind = o.cell,
          .in = o.dim,
          .hidden = o.hidden,
          .layers = o.decoder_layers,
          .dropout = o.dropout,
          .norm = o.cell_norm};
}

/// s_0 of each decoder layer from h_m, the encoder's last states. s_0 = h_m, layer by layer, where the encoder reads
/// one way and has as many layers as the decoder. Otherwise s_0 = tanh(W h_m + b), with all last states side by side
/// and a W and b per decoder layer (Bahdanau et al. 2015, A.2.2); an LSTM's cell likewise.
struct Bridge {
  std::vector<nn::Linear> hidden,  ///< one per decoder layer; empty where s_0 = h_m
      cell;                        ///< the same for the cell of an LSTM; empty for other kinds

  /// Registers W and b of each decoder layer below the scope, unless s_0 = h_m.
  Bridge(nn::Scope scope, const Seq2SeqOptions& o) {
    if (!o.bidirectional && o.encoder_layers == o.decoder_layers) return;
    const Index width = o.encoder_layers * encoder_directions(o) * o.hidden;
    for (Index layer = 0; layer < o.decoder_layers; ++layer) {
      hidden.emplace_back(scope / "hidden" / layer, width, o.hidden);
      if (o.cell == nn::CellKind::lstm) cell.emplace_back(scope / "memory" / layer, width, o.hidden);
    }
  }

  /// h_m, as Sequence::final -> s_0 of each decoder layer
  std::vector<nn::CellState> operator()(const std::vector<nn::CellState>& last, Place place = Place::current()) const {
    if (hidden.empty()) return last;
    std::vector<Tensor> h, c;
    for (const nn::CellState& state : last) {
      h.push_back(state.hidden);
      c.push_back(state.cell);
    }
    std::vector<nn::CellState> first(hidden.size());
    for (std::size_t layer = 0; layer < hidden.size(); ++layer) {
      first[layer].hidden = of_last(hidden[layer], h, place);
      if (!cell.empty()) first[layer].cell = of_last(cell[layer], c, place);
    }
    return first;
  }

 private:
  static Tensor of_last(const nn::Linear& linear, const std::vector<Tensor>& last, const Place& place) {
    const Region region(linear.path);
    return tanh(linear(concat(last, -1, place), place));
  }
};

}  // namespace gradus::models
