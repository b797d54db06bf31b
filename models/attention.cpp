#include <gradus/models/attention.h>

namespace gradus::models {

ModelInfo AttentionOnly::info() {
  return {
      .summary = "no recurrence: each target word and its position query the source",
      .attends = true,
      .has_positions = true,
      .output_width = [](const Seq2SeqOptions& o) { return o.dim; },
      .check =
          [](const Seq2SeqOptions& o) {
            check_no_self_attention(o);
            check_no_copy(o);
          },
      .cost = [](const Seq2SeqOptions& o, const BatchSize& b) -> Cost {
        const auto d = static_cast<double>(o.dim), vocabulary = static_cast<double>(o.target_vocab);
        const double keys_and_values = 2 * d * d, step = d * d + 2 * b.source * d + d * vocabulary;
        return {.multiply_adds = b.sequences * (b.source * keys_and_values + b.target * step),
                .attention_weights = b.sequences * b.target * b.source,
                .kept = b.sequences * (b.source * 3 * d + b.target * (3 * d + 2 * vocabulary))};
      },
      .demo = {{"train.lr", "0.003"}},
  };
}

}  // namespace gradus::models
