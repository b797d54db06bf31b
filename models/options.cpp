#include <gradus/models/options.h>

#include <fmt/format.h>

#include <gradus/models/registry.h>

namespace gradus::models {
namespace {

void in_range(std::string_view option, Index value, Index low, Index high) {
  if (value < low || value > high)
    throw Error(fmt::format("model option {} is {}; it must be between {} and {}", option, value, low, high));
}

}  // namespace

Index output_width(const Seq2SeqOptions& o) {
  if (o.model == "rnn") return o.hidden;
  if (o.model == "rnn-attention")
    return o.hidden * (o.alignment == Alignment::additive && o.bidirectional ? 3 : 2);  // [s; c]
  return o.dim;
}

void check(const Seq2SeqOptions& o) {
  constexpr Index wide = 65536, deep = 128, many = Index{1} << 31;
  in_range("source_vocab", o.source_vocab, 1, many);
  in_range("target_vocab", o.target_vocab, 1, many);
  in_range("dim", o.dim, 1, wide);
  in_range("hidden", o.hidden, 1, wide);
  in_range("encoder_layers", o.encoder_layers, 1, deep);
  in_range("decoder_layers", o.decoder_layers, 1, deep);
  in_range("max_length", o.max_length, 1, many);
  in_range("heads", o.heads, 1, wide);
  in_range("ffn", o.ffn, 0, wide);
  if (!(o.dropout >= 0 && o.dropout < 1))
    throw Error(fmt::format("model option dropout is {}; it must be at least 0 and less than 1", o.dropout));
  if (o.model == "transformer" && o.dim % o.heads != 0)
    throw Error(fmt::format("model option heads is {}, which does not divide dim, {}", o.heads, o.dim));
  if (o.tied && output_width(o) != o.dim)
    throw Error(
        fmt::format("model option tied needs an output layer that reads as many numbers as an embedding has, but "
                    "that of {} reads {} and dim is {}; set dim to {} or tied to false",
                    o.model, output_width(o), o.dim, output_width(o)));
}

}  // namespace gradus::models
