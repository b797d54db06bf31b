#include <gradus/models/rnn_attention.h>

#include <gradus/models/internal/recurrent_cost.h>

namespace gradus::models {

namespace {

void check_alignment(const Seq2SeqOptions& o) {
  if (o.alignment != Alignment::dot || !o.bidirectional) return;
  throw Error(
      "model option alignment is dot, which compares states of the decoder with states of the encoder; those of "
      "a bidirectional encoder are twice as wide: set bidirectional to false, or alignment to general");
}

Index encoder_states(const Seq2SeqOptions& o) { return encoder_directions(o) * o.hidden; }

}  // namespace

ModelInfo RnnAttention::info() {
  return {
      .summary = "the decoder reads every state of the encoder",
      .attends = true,
      .output_width = [](const Seq2SeqOptions& o) { return SourceAttention::output_width(o, encoder_states(o)); },
      .check = check_alignment,
      .cost = [](const Seq2SeqOptions& o, const BatchSize& b) -> Cost {
        const auto h = static_cast<double>(o.hidden),
                   c = static_cast<double>(SourceAttention::context_width(o, encoder_states(o))),
                   fed = static_cast<double>(SourceAttention::reading_width(o, encoder_states(o))),
                   read = static_cast<double>(SourceAttention::output_width(o, encoder_states(o))),
                   vocabulary = static_cast<double>(o.target_vocab), encoded = o.bidirectional ? 2 * h : h;
        const bool has_network = o.alignment == Alignment::additive || o.alignment == Alignment::location,
                   multiplies = o.alignment == Alignment::dot || o.alignment == Alignment::general;
        const double projections = o.alignment == Alignment::dot ? 0 : o.alignment == Alignment::qkv ? 2 : 1;
        const double keys_and_values = projections * encoded * h;
        const double attention = (multiplies ? 0 : h * h) + b.source * (h + c) + (o.attentional ? (h + c) * h : 0);
        const double step = gates(o) * h * fed + attention + read * vocabulary + (o.copy ? read * h + b.source * h : 0);
        // A network of scores keeps its hidden layer for each pair of words.
        const double comparisons = (has_network ? h + 2 : 2) + (o.copy ? 3 : 0);
        return {.multiply_adds = encoder_multiply_adds(o, b) + decoder_multiply_adds(o, b) +
                                 b.sequences * (b.source * keys_and_values + b.target * step),
                .attention_weights = b.sequences * b.target * b.source,
                .kept = b.sequences * (b.source * (encoder_kept(o) + 2 * (h + encoded)) +
                                       b.target * (decoder_kept(o) + 2 * h + 3 * gates(o) * h + 2 * c + output_kept(o) +
                                                   (o.copy ? 4 * vocabulary : 0)) +
                                       b.source * b.target * comparisons)};
      },
      .presets = {{"tiny", {{"model.bidirectional", "true"}, {"model.attentional", "true"}}},
                  {"base", {{"model.encoder_layers", "2"}, {"model.decoder_layers", "2"}}}},
      .demo = {{"model.bidirectional", "false"}, {"model.attentional", "false"}},
  };
}

}  // namespace gradus::models
