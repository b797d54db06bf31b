#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gradus/nn/cells.h>
#include <gradus/nn/transformer.h>

namespace gradus::models {

/// The score of an encoder state h for a decoder state s: vᵀ tanh(W [h; s]), k·q / sqrt(d), s·h, sᵀ W h, or the first
/// with the weights of the step before.
enum class Alignment { additive, qkv, dot, general, location };
/// The encoding of token positions for a model without recurrence: a vector per position, or, in the self-attention of
/// transformer, rotated queries and keys (Su et al. 2021), a learned bias per distance (Shaw et al. 2018 in the form of
/// Raffel et al. 2020), or a fixed one (Press et al. 2022).
enum class Positions { none, sinusoidal, learned, rotary, relative, alibi };

/// Whether the positions are a table of max_length vectors, so that a longer sequence is refused.
constexpr bool limits_length(Positions p) { return p == Positions::sinusoidal || p == Positions::learned; }

// The spelling of switches in configuration files and messages, in order of their values.
inline constexpr std::string_view cell_names[] = {"rnn", "gru", "lstm"};
/// The spelling of Alignment.
inline constexpr std::string_view alignment_names[] = {"additive", "qkv", "dot", "general", "location"};
/// The spelling of Positions.
inline constexpr std::string_view positions_names[] = {"none", "sinusoidal", "learned", "rotary", "relative", "alibi"};
/// The spelling of nn::NormOrder.
inline constexpr std::string_view norm_names[] = {"none", "pre", "post"};

/// The values that a number may have, both ends included.
template <class T>
struct Range {
  T low,     ///< the least value
      high;  ///< the greatest value
};

/// The ranges of Seq2SeqOptions and of the settings of `gradus train` that fill them.
namespace limits {
inline constexpr Range<Index> vocabulary{1, Index{1} << 31};  // source_vocab and target_vocab
inline constexpr Range<Index> width{1, 65536};                // dim and hidden
inline constexpr Range<Index> layers{1, 128};                 // encoder_layers and decoder_layers
inline constexpr Range<Index> max_length{2, 1'000'000};       // in tokens
inline constexpr Range<Index> max_distance{0, 100'000};       // in tokens
inline constexpr Range<Index> heads{1, 1024};                 // per attention layer
inline constexpr Range<Index> ffn{0, 65536};                  // 0: no feed-forward sublayers
inline constexpr Range<double> dropout{0, 0.95};              // all three rates of dropout
}  // namespace limits

/// The options of the sequence-to-sequence models. A model ignores those of other models.
struct Seq2SeqOptions {
  std::string model = "rnn-attention";  // one of all_model_names()
  Index source_vocab = 0;               // number of ids of a source
  Index target_vocab = 0;               // number of ids of a target
  Index dim = 128;                      // of an embedding, and of the whole of attention and transformer
  Index encoder_layers = 1;             // all but attention
  Index decoder_layers = 1;             // all but attention
  double dropout = 0;            // [0, 1): of embeddings, between layers, after sublayers, and before the output layer
  double word_dropout = 0;       // [0, 1): of whole words of source and target input
  double attention_dropout = 0;  // [0, 1): of attention weights (transformer)
  bool tied = false;  // the output layer's weight is the target embedding; needs an output layer that reads dim numbers
  bool copy = false;  // rnn-attention, transformer: words of the source can be copied
  std::vector<Index> target_of_source = {};  // copy: the target id of each source id, -1 where there is none

  // rnn, rnn-attention
  Index hidden = 256;                     // of a recurrent state, in each direction; and of rnn-attention's comparison
  nn::CellKind cell = nn::CellKind::gru;  // of encoder and decoder
  bool cell_norm = false;                 // layer norm of the products in a cell
  bool bidirectional = false;             // the encoder reads in both directions
  Alignment alignment = Alignment::additive;  // rnn-attention
  bool attentional = false;                   // rnn-attention: tanh(W_c [s; c]) instead of c and of [s; c]

  // attention, transformer
  Positions positions = Positions::sinusoidal;
  Index max_length = 256;                    // number of positions of source and target, where limits_length(positions)
  Index max_distance = 32;                   // Positions::relative: larger distances have the bias of this one
  Index heads = 1;                           // transformer: divides dim
  Index ffn = 0;                             // transformer: width of the feed-forward sublayers, 0 for none
  bool residual = false;                     // transformer: x + f(x) instead of f(x)
  nn::NormOrder norm = nn::NormOrder::none;  // transformer
};

/// Throws an Error that names the option, its value and its range when a number or an enum is out of range.
void check_ranges(const Seq2SeqOptions& options);
/// Throws an Error unless heads divides dim.
void check_heads(const Seq2SeqOptions& options);
/// Throws an Error when the option copy is set.
void check_no_copy(const Seq2SeqOptions& options);
/// Throws an Error when the positions are of a kind for self-attention.
void check_no_self_attention(const Seq2SeqOptions& options);

}  // namespace gradus::models
