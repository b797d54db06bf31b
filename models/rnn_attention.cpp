#include <gradus/models/rnn_attention.h>

#include <gradus/models/internal/recurrent_cost.h>

namespace gradus::models {

ModelInfo RnnAttention::info() {
  return {
      .summary = "the decoder reads every state of the encoder",
      .attends = true,
      .output_width = [](const Seq2SeqOptions& o) { return o.hidden + context_width(o); },
      .cost = [](const Seq2SeqOptions& o, const BatchSize& b) -> Cost {
        const auto h = static_cast<double>(o.hidden), c = static_cast<double>(context_width(o)),
                   vocabulary = static_cast<double>(o.target_vocab), encoded = o.bidirectional ? 2 * h : h;
        const double keys_and_values = (o.alignment == Alignment::additive ? 1 : 2) * encoded * h;
        const double attention = h * h + b.source * (h + c);
        const double step = decoder_multiply_adds(o) + gates(o) * h * c + attention + (h + c) * vocabulary;
        // Additive attention keeps its network's hidden layer for each pair of words.
        const double comparisons = o.alignment == Alignment::additive ? h + 2 : 2;
        return {
            .multiply_adds = b.sequences * (b.source * (encoder_multiply_adds(o) + keys_and_values) + b.target * step),
            .attention_weights = b.sequences * b.target * b.source,
            .kept = b.sequences * (b.source * (encoder_kept(o) + 2 * (h + encoded)) +
                                   b.target * (decoder_kept(o) + 2 * h + 3 * gates(o) * h + 2 * c + output_kept(o)) +
                                   b.source * b.target * comparisons)};
      },
      .presets = {{"base", {{"model.encoder_layers", "2"}, {"model.decoder_layers", "2"}}}},
  };
}

}  // namespace gradus::models
