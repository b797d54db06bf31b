#pragma once

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

struct LstmState {
  Tensor hidden, memory;  // [batch, dim]
};
/// gates [batch, 4 dim] in PyTorch's order (input, forget, cell, output): c' = σ(f) c + σ(i) tanh(g), h' = σ(o)
/// tanh(c').
LstmState lstm_gates(const Tensor& gates, const Tensor& memory, Place = Place::current());
/// PyTorch's GRU: from W_i x + b_i and W_h h + b_h, each [batch, 3 dim] in the order (reset, update, new):
/// n = tanh(x_n + r * h_n), h' = (1 - z) n + z h.
Tensor gru_gates(const Tensor& input, const Tensor& recurrent, const Tensor& hidden, Place = Place::current());

}  // namespace gradus
