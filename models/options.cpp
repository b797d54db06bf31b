#include <gradus/models/options.h>

#include <fmt/format.h>

namespace gradus::models {

void check_ranges(const Seq2SeqOptions& o) {
  const auto in_range = [](std::string_view option, auto value, auto range) {
    if (!(value >= range.low && value <= range.high)) {  // also when the value is NaN
      throw Error(
          fmt::format("model option {} is {}; it must be between {} and {}", option, value, range.low, range.high));
    }
  };
  const auto is_one_of = [&](std::string_view option, auto value, const auto& names) {
    in_range(option, static_cast<Index>(value), Range<Index>{0, std::ssize(names) - 1});
  };
  is_one_of("cell", o.cell, cell_names);
  is_one_of("alignment", o.alignment, alignment_names);
  is_one_of("positions", o.positions, positions_names);
  is_one_of("norm", o.norm, norm_names);
  in_range("source_vocab", o.source_vocab, limits::vocabulary);
  in_range("target_vocab", o.target_vocab, limits::vocabulary);
  in_range("dim", o.dim, limits::width);
  in_range("hidden", o.hidden, limits::width);
  in_range("encoder_layers", o.encoder_layers, limits::layers);
  in_range("decoder_layers", o.decoder_layers, limits::layers);
  in_range("max_length", o.max_length, limits::max_length);
  in_range("max_distance", o.max_distance, limits::max_distance);
  in_range("heads", o.heads, limits::heads);
  in_range("ffn", o.ffn, limits::ffn);
  in_range("dropout", o.dropout, limits::dropout);
  in_range("word_dropout", o.word_dropout, limits::dropout);
  in_range("attention_dropout", o.attention_dropout, limits::dropout);
}

void check_heads(const Seq2SeqOptions& o) {
  if (o.dim % o.heads != 0)
    throw Error(fmt::format("model option heads is {}, which does not divide dim, {}", o.heads, o.dim));
}

void check_no_copy(const Seq2SeqOptions& o) {
  if (!o.copy) return;
  throw Error(
      fmt::format("model option copy is true, but {} cannot copy; choose rnn-attention or transformer", o.model));
}

void check_no_self_attention(const Seq2SeqOptions& o) {
  if (o.positions == Positions::none || limits_length(o.positions)) return;
  throw Error(
      fmt::format("model option positions is {}, a kind for self-attention, which {} does not have; choose "
                  "none, sinusoidal or learned, or the model transformer",
                  positions_names[static_cast<std::size_t>(o.positions)], o.model));
}

}  // namespace gradus::models
