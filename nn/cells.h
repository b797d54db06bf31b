#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/cells.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/layer_norm.h>
#include <gradus/nn/parameters.h>

// One step of a recurrent network, in two parts. `project` needs only the input, so a network computes it for all time
// steps in one product. `step` adds the state. Weights have PyTorch's layout, names and initial values,
// U(±1 / sqrt(hidden)). As in PyTorch there are two biases, b_ih and b_hh; the one bias b of a textbook is their sum.
namespace gradus::nn {

/// Selects RNNCell, GRUCell or LSTMCell.
enum class CellKind { rnn, gru, lstm };

/// f of h' = f(W_ih x + b_ih + W_hh h + b_hh), the cell of CellKind::rnn.
enum class Nonlinearity { tanh, relu };

/// The options of the three cells.
struct CellOptions {
  bool bias = true;                                // adds b_ih and b_hh
  Nonlinearity nonlinearity = Nonlinearity::tanh;  // of CellKind::rnn
  std::string suffix = {};                         // of the parameters' names: PyTorch's "_l0", "_l0_reverse" and so on
  bool norm = false;  // LN(W_ih x) + LN(W_hh h) in place of W_ih x + W_hh h (Ba et al. 2016, eq. 20)
};

/// The state of a cell between two steps.
struct CellState {
  Tensor hidden;  // h [batch, hidden]
  Tensor cell;    // c [batch, hidden] of an LSTM, undefined for the other cells
};

/// The parameters of a cell.
struct CellWeights {
  Tensor weight_ih;                  // [gates * hidden, in]
  Tensor weight_hh;                  // [gates * hidden, hidden]
  Tensor bias_ih,                    ///< [gates * hidden], undefined without biases
      bias_hh;                       ///< [gates * hidden], undefined without biases
  std::optional<LayerNorm> norm_ih,  ///< of W_ih x, over all gates; its bias is bias_ih
      norm_hh;                       ///< of W_hh h, over all gates; its bias is bias_hh
  std::string path;                  // of the scope, for messages

  /// `gates` is the number of products per input: 1 of RNNCell, 3 of GRUCell, 4 of LSTMCell.
  CellWeights(Scope scope, Index gates, Index in, Index hidden, const CellOptions& o) : path(scope.path()) {
    const double bound = 1 / std::sqrt(static_cast<double>(std::max<Index>(hidden, 1)));
    const auto uniform = [&](const std::string& name, const Shape& shape) {
      return scope.uniform(name + o.suffix, shape, bound);
    };
    weight_ih = uniform("weight_ih", {gates * hidden, in});
    weight_hh = uniform("weight_hh", {gates * hidden, hidden});
    if (o.norm) {
      norm_ih.emplace(scope / ("norm_ih" + o.suffix), gates * hidden, 1e-5, false);
      norm_hh.emplace(scope / ("norm_hh" + o.suffix), gates * hidden, 1e-5, false);
    }
    if (!o.bias) return;
    bias_ih = uniform("bias_ih", {gates * hidden});
    bias_hh = uniform("bias_hh", {gates * hidden});
  }

  /// b_ih + b_hh, undefined without biases
  Tensor bias() const { return bias_ih.defined() ? bias_ih + bias_hh : Tensor(); }

  /// W_ih x + b and W_hh h + b, where W_ih x or W_hh h may be normed. b may be undefined.
  Tensor of_input(const Tensor& x, const Tensor& b, const Place& place) const {
    return affine(x, weight_ih, norm_ih, b, place);
  }
  Tensor of_state(const Tensor& h, const Tensor& b, const Place& place) const {
    return affine(h, weight_hh, norm_hh, b, place);
  }

  /// Throws an Error of the layer unless x is [..., in].
  void check_x(const LayerCall& layer, const Tensor& x) const {
    check_input(layer, "x", x, weight_ih.dtype(), {"...", weight_ih.shape()[1]});
  }
  /// The same unless projected is [batch, gates * hidden] and the state [batch, hidden], with a cell where has_cell.
  void check_step(const LayerCall& layer, const Tensor& projected, const CellState& state, bool has_cell) const {
    const DType dtype = weight_hh.dtype();
    const Index gates = weight_hh.shape()[0], hidden = weight_hh.shape()[1];
    check_input(layer, "the projected x", projected, dtype, {"batch", gates});
    check_input(layer, "the state's hidden", state.hidden, dtype, {projected.shape()[0], hidden});
    if (has_cell) check_input(layer, "the state's cell", state.cell, dtype, {projected.shape()[0], hidden});
  }

 private:
  static Tensor affine(const Tensor& x, const Tensor& weight, const std::optional<LayerNorm>& norm, const Tensor& b,
                       const Place& place) {
    if (!norm) return linear(x, weight, b, place);
    const Tensor y = (*norm)(linear(x, weight, {}, place), place);
    return b.defined() ? y + b : y;
  }
};

/// h' = f(W_ih x + b_ih + W_hh h + b_hh) with f = tanh (Elman 1990) or relu
struct RNNCell : CellWeights {
  Nonlinearity nonlinearity;  // f of h'

  /// x has `in` numbers, h has `hidden`.
  RNNCell(Scope scope, Index in, Index hidden, const CellOptions& o = {})
      : CellWeights(scope, 1, in, hidden, o), nonlinearity(o.nonlinearity) {}

  /// The two parts of a step, and both at once, as those of Cell.
  Tensor project(const Tensor& x, Place place = Place::current()) const {
    const LayerCall layer{"RNNCell", path, place};
    check_x(layer, x);
    return of_input(x, bias(), place);
  }
  CellState step(const Tensor& projected, const CellState& state, Place place = Place::current()) const {
    const LayerCall layer{"RNNCell", path, place};
    check_step(layer, projected, state, false);
    const Tensor sum = of_state(state.hidden, projected, place);
    return {nonlinearity == Nonlinearity::tanh ? tanh(sum) : relu(sum), {}};
  }
  CellState operator()(const Tensor& x, const CellState& state, Place place = Place::current()) const {
    return step(project(x, place), state, place);
  }
};

/// r = σ(W_ir x + b_ir + W_hr h + b_hr), z likewise, n = tanh(W_in x + b_in + r * (W_hn h + b_hn)),
/// h' = (1 - z) * n + z * h (Cho et al. 2014, in PyTorch's form)
struct GRUCell : CellWeights {
  GRUCell(Scope scope, Index in, Index hidden, const CellOptions& o = {}) : CellWeights(scope, 3, in, hidden, o) {}

  /// The two parts of a step, and both at once, as those of Cell.
  Tensor project(const Tensor& x, Place place = Place::current()) const {
    const LayerCall layer{"GRUCell", path, place};
    check_x(layer, x);
    return of_input(x, bias_ih, place);
  }
  CellState step(const Tensor& projected, const CellState& state, Place place = Place::current()) const {
    const LayerCall layer{"GRUCell", path, place};
    check_step(layer, projected, state, false);
    return {gru_gates(projected, of_state(state.hidden, bias_hh, place), state.hidden, place), {}};
  }
  CellState operator()(const Tensor& x, const CellState& state, Place place = Place::current()) const {
    return step(project(x, place), state, place);
  }
};

/// (i, f, g, o) = W_ih x + b_ih + W_hh h + b_hh, c' = σ(f) * c + σ(i) * tanh(g), h' = σ(o) * tanh(c')
/// (Hochreiter & Schmidhuber 1997, Gers et al. 2000)
struct LSTMCell : CellWeights {
  LSTMCell(Scope scope, Index in, Index hidden, const CellOptions& o = {}) : CellWeights(scope, 4, in, hidden, o) {}

  /// The two parts of a step, and both at once, as those of Cell.
  Tensor project(const Tensor& x, Place place = Place::current()) const {
    const LayerCall layer{"LSTMCell", path, place};
    check_x(layer, x);
    return of_input(x, bias(), place);
  }
  CellState step(const Tensor& projected, const CellState& state, Place place = Place::current()) const {
    const LayerCall layer{"LSTMCell", path, place};
    check_step(layer, projected, state, true);
    auto [hidden, cell] = lstm_gates(of_state(state.hidden, projected, place), state.cell, place);
    return {hidden, cell};
  }
  CellState operator()(const Tensor& x, const CellState& state, Place place = Place::current()) const {
    return step(project(x, place), state, place);
  }
};

/// A cell whose kind is an option.
struct Cell {
  /// The cell of the kind that the constructor gets.
  std::variant<RNNCell, GRUCell, LSTMCell> kind;

  /// x has `in` numbers, h has `hidden`.
  Cell(Scope scope, CellKind cell_kind, Index in, Index hidden, const CellOptions& o = {})
      : kind(make(scope, cell_kind, in, hidden, o)) {}

  /// The parameters, whatever the kind.
  const CellWeights& weights() const {
    return std::visit([](const CellWeights& w) -> const CellWeights& { return w; }, kind);
  }
  /// Numbers of h.
  Index hidden() const { return weights().weight_hh.size(1); }

  /// h = 0 and, for an LSTM, c = 0.
  CellState zero_state(Index batch) const {
    const Tensor zero = Tensor::zeros({batch, hidden()}, weights().weight_hh.dtype());
    return {zero, std::holds_alternative<LSTMCell>(kind) ? zero : Tensor()};
  }

  /// x [..., in] -> [..., gates * hidden]
  Tensor project(const Tensor& x, Place place = Place::current()) const {
    return std::visit([&](const auto& cell) { return cell.project(x, place); }, kind);
  }
  /// One step from projected [batch, gates * hidden].
  CellState step(const Tensor& projected, const CellState& state, Place place = Place::current()) const {
    return std::visit([&](const auto& cell) { return cell.step(projected, state, place); }, kind);
  }
  /// One step from x [batch, in].
  CellState operator()(const Tensor& x, const CellState& state, Place place = Place::current()) const {
    return step(project(x, place), state, place);
  }

 private:
  static std::variant<RNNCell, GRUCell, LSTMCell> make(Scope scope, CellKind kind, Index in, Index hidden,
                                                       const CellOptions& o) {
    if (kind == CellKind::rnn) return RNNCell(scope, in, hidden, o);
    if (kind == CellKind::gru) return GRUCell(scope, in, hidden, o);
    return LSTMCell(scope, in, hidden, o);
  }
};

}  // namespace gradus::nn
