#include <gradus/models/rnn.h>

#include <gradus/models/internal/recurrent_cost.h>

namespace gradus::models {

ModelInfo Rnn::info() {
  return {
      .summary = "only the last state of the encoder holds the source",
      .output_width = [](const Seq2SeqOptions& o) { return o.hidden; },
      .check = check_no_copy,
      .cost = [](const Seq2SeqOptions& o, const BatchSize& b) -> Cost {
        const double output = static_cast<double>(o.hidden * o.target_vocab);
        return {.multiply_adds =
                    encoder_multiply_adds(o, b) + decoder_multiply_adds(o, b) + b.sequences * b.target * output,
                .kept = b.sequences * (b.source * encoder_kept(o) + b.target * (decoder_kept(o) + output_kept(o)))};
      },
      .presets = {{"base", {{"model.encoder_layers", "2"}, {"model.decoder_layers", "2"}}}},
      .demo = {{"train.lr", "0.001"}},
  };
}

}  // namespace gradus::models
