#pragma once

#include <algorithm>

#include <gradus/models/model_info.h>

// The cost of the recurrent models, for their rows in the registry.
namespace gradus::models {

/// Gates of the cell: 1 for the tanh cell, 3 for a GRU, 4 for an LSTM.
inline double gates(const Seq2SeqOptions& o) {
  return o.cell == nn::CellKind::lstm ? 4 : o.cell == nn::CellKind::gru ? 3 : 1;
}
/// Rows that a network without dropout projects for these words: each row of the table at most once (nn::WordVectors).
inline double projected(const Seq2SeqOptions& o, double words, Index vocabulary, bool scaled) {
  const bool all = scaled || o.dropout > 0 || o.word_dropout > 0;
  return all ? words : std::min(words, static_cast<double>(vocabulary));
}
/// Multiply-adds of the encoder's cells for a batch, and of the decoder's.
inline double encoder_multiply_adds(const Seq2SeqOptions& o, const BatchSize& b) {
  const auto d = static_cast<double>(o.dim), h = static_cast<double>(o.hidden),
             directions = o.bidirectional ? 2.0 : 1.0, further = static_cast<double>(o.encoder_layers - 1),
             words = b.sequences * b.source;
  return directions * gates(o) * h *
         (projected(o, words, o.source_vocab, false) * d + words * (h + further * (directions * h + h)));
}
inline double decoder_multiply_adds(const Seq2SeqOptions& o, const BatchSize& b) {
  const auto d = static_cast<double>(o.dim), h = static_cast<double>(o.hidden),
             further = static_cast<double>(o.decoder_layers - 1), words = b.sequences * b.target;
  return gates(o) * h * (projected(o, words, o.target_vocab, o.tied) * d + words * (h + further * 2 * h));
}

/// Numbers kept per word for the backward pass: by the encoder with its embedding, by the decoder, by the output layer.
inline double encoder_kept(const Seq2SeqOptions& o) {
  const double directions = o.bidirectional ? 2 : 1, layers = static_cast<double>(o.encoder_layers);
  return static_cast<double>(o.dim) + directions * layers * (3 * gates(o) + 2) * static_cast<double>(o.hidden);
}
inline double decoder_kept(const Seq2SeqOptions& o) {
  return static_cast<double>(o.dim) +
         static_cast<double>(o.decoder_layers) * (3 * gates(o) + 2) * static_cast<double>(o.hidden);
}
inline double output_kept(const Seq2SeqOptions& o) { return 2 * static_cast<double>(o.target_vocab); }

}  // namespace gradus::models
