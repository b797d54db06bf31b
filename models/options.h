#pragma once

#include <string>
#include <string_view>

#include <gradus/nn/cells.h>
#include <gradus/nn/transformer.h>

namespace gradus::models {

/// The score of an encoder state for a decoder state: vᵀ tanh(W [h; s]) or k·q / sqrt(d).
enum class Alignment { additive, qkv };
/// The encoding of token positions for a model without recurrence.
enum class Positions { none, sinusoidal, learned };

// The spelling of switches in configuration files and messages, in order of their values.
inline constexpr std::string_view cell_names[] = {"rnn", "gru", "lstm"};
inline constexpr std::string_view alignment_names[] = {"additive", "qkv"};
inline constexpr std::string_view positions_names[] = {"none", "sinusoidal", "learned"};
inline constexpr std::string_view norm_names[] = {"none", "pre", "post"};

/// The values that a number may have, both ends included.
template <class T>
struct Range {
  T low, high;
};

/// The ranges of Seq2SeqOptions and of the settings of `gradus train` that fill them.
namespace limits {
inline constexpr Range<Index> vocabulary{1, Index{1} << 31};
inline constexpr Range<Index> width{1, 65536};
inline constexpr Range<Index> layers{1, 128};
inline constexpr Range<Index> max_length{2, 1'000'000};
inline constexpr Range<Index> heads{1, 1024};
inline constexpr Range<Index> ffn{0, 65536};
inline constexpr Range<double> dropout{0, 0.95};
}  // namespace limits

/// The options of the sequence-to-sequence models. A model ignores those of other models.
struct Seq2SeqOptions {
  std::string model = "rnn-attention";  // one of model_names()
  Index source_vocab = 0;
  Index target_vocab = 0;
  Index dim = 128;           // of an embedding, and of the whole of attention and transformer
  Index encoder_layers = 1;  // all but attention
  Index decoder_layers = 1;
  double dropout = 0;  // [0, 1): of embeddings, between layers, after sublayers, and before the output layer
  bool tied = false;  // the output layer's weight is the target embedding; needs an output layer that reads dim numbers

  // rnn, rnn-attention
  Index hidden = 256;  // of a recurrent state, in each direction; and of rnn-attention's comparison
  nn::CellKind cell = nn::CellKind::gru;
  bool bidirectional = false;                 // the encoder reads in both directions
  Alignment alignment = Alignment::additive;  // rnn-attention

  // attention, transformer
  Positions positions = Positions::sinusoidal;
  Index max_length = 256;  // number of positions of source and target; without positions any length is valid
  Index heads = 1;         // transformer: divides dim
  Index ffn = 0;           // transformer: width of the feed-forward sublayers, 0 for none
  bool residual = false;   // transformer: x + f(x) instead of f(x)
  nn::NormOrder norm = nn::NormOrder::none;  // transformer
};

/// Throws an Error that names the option, its value and its range when a number is out of range.
void check_ranges(const Seq2SeqOptions& options);
/// Throws an Error unless heads divides dim.
void check_heads(const Seq2SeqOptions& options);

}  // namespace gradus::models
