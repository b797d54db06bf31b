#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>
#include <gradus/nn/cells.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/word_vectors.h>

namespace gradus::nn {

/// The options of Recurrent.
struct RecurrentOptions {
  CellKind kind = CellKind::lstm;                  // of all cells
  Index in = 0,                                    ///< numbers of x
      hidden = 0;                                  ///< numbers of h, per direction
  Index layers = 1;                                // 1 to 1000
  bool bidirectional = false;                      // each layer also reads from the end
  double dropout = 0;                              // between layers, as in PyTorch
  bool bias = true;                                // CellOptions::bias
  Nonlinearity nonlinearity = Nonlinearity::tanh;  // of CellKind::rnn
  bool norm = false;                               // CellOptions::norm
};

/// The result of a recurrent network on a sequence.
struct Sequence {
  Tensor outputs;                // [batch, time, directions * hidden], of the last layer
  std::vector<CellState> final;  // after the last token: layer 0 forward, layer 0 backward, layer 1 forward, ...
};

/// Cells over time, in layers, in one direction or both. Parameters are those of torch.nn.RNN, GRU and LSTM. Padding
/// changes no state: the output at padding is the state before it.
struct Recurrent {
  std::vector<Cell> cells;  // layer 0 forward, layer 0 backward, layer 1 forward, ...
  Index directions;         // 1 or 2
  Dropout dropout;          // between layers
  std::string path;         // of the scope, for messages

  /// Throws an Error for less than 1 layer and for more than 1000.
  Recurrent(Scope scope, const RecurrentOptions& o)
      : directions(o.bidirectional ? 2 : 1), dropout{o.dropout}, path(scope.path()) {
    check_layers(path, o.layers);
    for (Index layer = 0; layer < o.layers; ++layer) {
      for (Index direction = 0; direction < directions; ++direction) {
        const std::string suffix = "_l" + std::to_string(layer) + (direction == 0 ? "" : "_reverse");
        cells.emplace_back(
            scope, o.kind, layer == 0 ? o.in : directions * o.hidden, o.hidden,
            CellOptions{.bias = o.bias, .nonlinearity = o.nonlinearity, .suffix = suffix, .norm = o.norm});
      }
    }
  }

  /// x [batch, time, in] with time >= 1. The mask [batch, time] is non-zero at tokens, or undefined when there is no
  /// padding. `initial` has a state per cell, in the order of `Sequence::final`; empty means zeros.
  Sequence operator()(const WordVectors& x, const Tensor& mask = {}, const std::vector<CellState>& initial = {},
                      Place place = Place::current()) const {
    const LayerCall layer{"Recurrent", path, place};
    check(layer, x, mask, initial);
    const std::vector<Tensor> tokens = columns_with_padding(mask, x.size(1));
    Sequence s;
    WordVectors inputs = x.transposed();  // [time, batch, in]
    for (Index depth = 0; depth < std::ssize(cells) / directions; ++depth) {
      if (depth > 0) inputs = dropout(inputs, place);
      std::vector<Tensor> outputs;
      for (Index direction = 0; direction < directions; ++direction) {
        const auto c = static_cast<std::size_t>(depth * directions + direction);
        CellState state = initial.empty() ? cells[c].zero_state(x.size(0)) : initial[c];
        outputs.push_back(run(cells[c], inputs, tokens, direction == 1, state, place));
        s.final.push_back(std::move(state));
      }
      inputs = directions == 1 ? outputs[0] : concat(outputs, -1);  // [time, batch, directions * hidden]
    }
    s.outputs = transpose(inputs, 0, 1);
    return s;
  }

  /// One step of all layers, for decoders: x [batch, in] and a state per layer -> the next state per layer. The output
  /// is the last layer's hidden. Throws for a bidirectional network.
  std::vector<CellState> step(const WordVectors& x, const std::vector<CellState>& states,
                              Place place = Place::current()) const {
    return step_projected(project(x, place), states, place);
  }

  /// `step` in two parts. The first needs x [..., in] only, so that it can be one product over all steps.
  Tensor project(const WordVectors& x, Place place = Place::current()) const { return project(first(place), x, place); }
  std::vector<CellState> step_projected(const Tensor& projected, const std::vector<CellState>& states,
                                        Place place = Place::current()) const {
    const LayerCall layer{"Recurrent", path, place};
    if (directions != 1) {
      throw Error(
          to_string(layer) + " is bidirectional and cannot run step by step: its backward half begins at the end",
          place);
    }
    check_states(layer, states, "states");
    std::vector<CellState> next{first(place).step(projected, states[0], place)};
    for (std::size_t c = 1; c < cells.size(); ++c)
      next.push_back(cells[c](dropout(next.back().hidden, place), states[c], place));
    return next;
  }

  /// A state of zeros per cell.
  std::vector<CellState> zero_states(Index batch) const {
    std::vector<CellState> states;
    for (const Cell& cell : cells) states.push_back(cell.zero_state(batch));
    return states;
  }

 private:
  /// The first cell. Throws when the network was moved from.
  const Cell& first(const Place& place) const {
    if (cells.empty()) throw Error("a Recurrent without cells was used; it was moved from", place);
    return cells[0];
  }

  static Tensor project(const Cell& cell, const WordVectors& x, const Place& place) {
    return x.map([&](const Tensor& each) { return cell.project(each, place); });
  }

  /// One cell over inputs [time, batch, in] -> [time, batch, hidden]. `state` is the first state, then the last one.
  static Tensor run(const Cell& cell, const WordVectors& inputs, const std::vector<Tensor>& tokens, bool backward,
                    CellState& state, const Place& place) {
    const std::vector<Tensor> projected = unbind(project(cell, inputs, place), 0);
    std::vector<Tensor> outputs(projected.size());
    for (std::size_t i = 0; i < projected.size(); ++i) {
      const std::size_t t = backward ? projected.size() - 1 - i : i;
      CellState next = cell.step(projected[t], state, place);
      if (tokens[t].defined()) {
        next.hidden = where(tokens[t], next.hidden, state.hidden);
        if (next.cell.defined()) next.cell = where(tokens[t], next.cell, state.cell);
      }
      state = std::move(next);
      outputs[t] = state.hidden;
    }
    return stack(outputs);
  }

  /// For each step the mask's column [batch, 1], undefined where no sentence is padded.
  static std::vector<Tensor> columns_with_padding(const Tensor& mask, Index time) {
    std::vector<Tensor> columns(static_cast<std::size_t>(time));
    if (!mask.defined()) return columns;
    const Tensor tokens = unsqueeze(transpose(not_equal(mask, 0.0), 0, 1), -1);                // [time, batch, 1]
    const std::vector<double> full = to(min(tokens, {1, 2}), DType::f64).to_vector<double>();  // 1 without padding
    for (std::size_t t = 0; t < columns.size(); ++t)
      if (full[t] == 0) columns[t] = select(tokens, 0, static_cast<Index>(t));
    return columns;
  }

  void check(const LayerCall& layer, const WordVectors& x, const Tensor& mask,
             const std::vector<CellState>& initial) const {
    const Tensor &weight = first(layer.place).weights().weight_ih, &ids = x.ids();
    const Index in = weight.shape()[1];
    if (ids.defined()) {
      check_shape(layer, "the ids of x", ids, {"batch", "time"});
      check_input(layer, "the table of x", x.rows(), weight.dtype(), {"rows", in});
    } else {
      check_input(layer, "x", x.rows(), weight.dtype(), {"batch", "time", in});
    }
    if (x.size(1) == 0)
      throw Error(to_string(layer) + ": x is " + describe(x) + "; expected at least one step", layer.place);
    if (mask.defined()) check_shape(layer, "the mask", mask, {x.size(0), x.size(1)});
    if (!initial.empty()) check_states(layer, initial, "initial states");
  }

  void check_states(const LayerCall& layer, const std::vector<CellState>& states, const char* what) const {
    if (states.size() == cells.size()) return;
    throw Error(to_string(layer) + " got " + std::to_string(states.size()) + " " + what +
                    "; expected one for each of its " + std::to_string(cells.size()) + " cells",
                layer.place);
  }
};

}  // namespace gradus::nn
