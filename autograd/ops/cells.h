#pragma once

#include <gradus/autograd/engine/arguments.h>

namespace gradus {

/// The state of an LSTM cell.
struct LstmState {
  Tensor hidden,  ///< h [batch, dim]
      cell;       ///< c [batch, dim]
};
/// c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c') (Hochreiter and Schmidhuber 1997), with gates [batch, 4 dim] in
/// PyTorch's order: i, f, g, o.
LstmState lstm_gates(const Tensor& gates, const Tensor& cell, Place = Place::current());
/// PyTorch's GRU (Cho et al. 2014): n = tanh(x_n + r * h_n), h' = (1 - z) n + z h. `input` is x = W_i x + b_i and
/// `recurrent` is h = W_h h + b_h, each [batch, 3 dim] in the order reset r, update z, new n.
Tensor gru_gates(const Tensor& input, const Tensor& recurrent, const Tensor& hidden, Place = Place::current());

}  // namespace gradus
