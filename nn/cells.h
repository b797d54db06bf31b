#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <variant>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/cells.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/nn/parameters.h>

// One step of a recurrent network, in two parts. `project` needs only the input, so a network computes it for all time
// steps in one product. `step` adds the state. Weights have PyTorch's layout, names and initial values,
// U(±1 / sqrt(hidden)). As in PyTorch there are two biases, b_ih and b_hh; the one bias b of a textbook is their sum.
namespace gradus::nn {

enum class CellKind { rnn, gru, lstm };

struct CellState {
  Tensor hidden;  // h [batch, hidden]
  Tensor cell;    // c [batch, hidden] of an LSTM, undefined for the other cells
};

/// The parameters of a cell. `suffix` is PyTorch's "_l0", "_l0_reverse" and so on.
struct CellWeights {
  Tensor weight_ih;         // [gates * hidden, in]
  Tensor weight_hh;         // [gates * hidden, hidden]
  Tensor bias_ih, bias_hh;  // [gates * hidden]

  CellWeights(Scope scope, Index gates, Index in, Index hidden, std::string_view suffix) {
    const double bound = 1 / std::sqrt(static_cast<double>(hidden));
    const auto uniform = [&](const char* name, const Shape& shape) {
      return scope.uniform(std::string(name).append(suffix), shape, bound);
    };
    weight_ih = uniform("weight_ih", {gates * hidden, in});
    weight_hh = uniform("weight_hh", {gates * hidden, hidden});
    bias_ih = uniform("bias_ih", {gates * hidden});
    bias_hh = uniform("bias_hh", {gates * hidden});
  }
};

/// h' = tanh(W_ih x + b_ih + W_hh h + b_hh) (Elman 1990)
struct RNNCell : CellWeights {
  RNNCell(Scope scope, Index in, Index hidden, std::string_view suffix = "")
      : CellWeights(scope, 1, in, hidden, suffix) {}

  Tensor project(const Tensor& x) const { return linear(x, weight_ih, bias_ih + bias_hh); }
  CellState step(const Tensor& projected, const CellState& state) const {
    return {tanh(linear(state.hidden, weight_hh, projected)), {}};
  }
  CellState operator()(const Tensor& x, const CellState& state) const { return step(project(x), state); }
};

/// r = σ(W_ir x + b_ir + W_hr h + b_hr), z likewise, n = tanh(W_in x + b_in + r * (W_hn h + b_hn)),
/// h' = (1 - z) * n + z * h (Cho et al. 2014, in PyTorch's form)
struct GRUCell : CellWeights {
  GRUCell(Scope scope, Index in, Index hidden, std::string_view suffix = "")
      : CellWeights(scope, 3, in, hidden, suffix) {}

  Tensor project(const Tensor& x) const { return linear(x, weight_ih, bias_ih); }
  CellState step(const Tensor& projected, const CellState& state) const {
    return {gru_gates(projected, linear(state.hidden, weight_hh, bias_hh), state.hidden), {}};
  }
  CellState operator()(const Tensor& x, const CellState& state) const { return step(project(x), state); }
};

/// (i, f, g, o) = W_ih x + b_ih + W_hh h + b_hh, c' = σ(f) * c + σ(i) * tanh(g), h' = σ(o) * tanh(c')
/// (Hochreiter & Schmidhuber 1997, Gers et al. 2000)
struct LSTMCell : CellWeights {
  LSTMCell(Scope scope, Index in, Index hidden, std::string_view suffix = "")
      : CellWeights(scope, 4, in, hidden, suffix) {}

  Tensor project(const Tensor& x) const { return linear(x, weight_ih, bias_ih + bias_hh); }
  CellState step(const Tensor& projected, const CellState& state) const {
    auto [hidden, cell] = lstm_gates(linear(state.hidden, weight_hh, projected), state.cell);
    return {hidden, cell};
  }
  CellState operator()(const Tensor& x, const CellState& state) const { return step(project(x), state); }
};

/// A cell whose kind is an option.
struct Cell {
  std::variant<RNNCell, GRUCell, LSTMCell> kind;

  Cell(Scope scope, CellKind cell_kind, Index in, Index hidden, std::string_view suffix = "")
      : kind(make(scope, cell_kind, in, hidden, suffix)) {}

  const CellWeights& weights() const {
    return std::visit([](const CellWeights& w) -> const CellWeights& { return w; }, kind);
  }
  Index hidden() const { return weights().weight_hh.size(1); }

  /// h = 0 and, for an LSTM, c = 0.
  CellState zero_state(Index batch) const {
    const Tensor zero = Tensor::zeros({batch, hidden()}, weights().weight_hh.dtype());
    return {zero, std::holds_alternative<LSTMCell>(kind) ? zero : Tensor()};
  }

  /// x [..., in] -> [..., gates * hidden]
  Tensor project(const Tensor& x) const {
    return std::visit([&](const auto& cell) { return cell.project(x); }, kind);
  }
  /// One step from projected [batch, gates * hidden].
  CellState step(const Tensor& projected, const CellState& state) const {
    return std::visit([&](const auto& cell) { return cell.step(projected, state); }, kind);
  }
  /// One step from x [batch, in].
  CellState operator()(const Tensor& x, const CellState& state) const { return step(project(x), state); }

 private:
  static std::variant<RNNCell, GRUCell, LSTMCell> make(Scope scope, CellKind kind, Index in, Index hidden,
                                                       std::string_view suffix) {
    if (kind == CellKind::rnn) return RNNCell(scope, in, hidden, suffix);
    if (kind == CellKind::gru) return GRUCell(scope, in, hidden, suffix);
    return LSTMCell(scope, in, hidden, suffix);
  }
};

}  // namespace gradus::nn
