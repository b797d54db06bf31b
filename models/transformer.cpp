#include <gradus/models/transformer.h>

#include <fmt/format.h>

namespace gradus::models {

namespace {

void check_heads_and_positions(const Seq2SeqOptions& o) {
  check_heads(o);
  if (o.positions != Positions::rotary || o.dim / o.heads % 2 == 0) return;
  throw Error(
      fmt::format("model option positions is rotary, which needs an even number of dimensions per head, but dim "
                  "{} and heads {} give {}",
                  o.dim, o.heads, o.dim / o.heads));
}

}  // namespace

ModelInfo Transformer::info() {
  const auto sized = [](const char* heads, const char* layers, const char* ffn, const Assignments& more = {}) {
    Assignments all = {{"model.residual", "true"},       {"model.norm", "pre"},
                       {"model.heads", heads},           {"model.encoder_layers", layers},
                       {"model.decoder_layers", layers}, {"model.ffn", ffn}};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  return {
      .summary = "words read each other first (self-attention), then the source",
      .attends = true,
      .has_positions = true,
      .output_width = [](const Seq2SeqOptions& o) { return o.dim; },
      .check = check_heads_and_positions,
      .cost = [](const Seq2SeqOptions& o, const BatchSize& b) -> Cost {
        const auto d = static_cast<double>(o.dim), f = static_cast<double>(o.ffn), S = b.source, T = b.target,
                   vocabulary = static_cast<double>(o.target_vocab), heads = static_cast<double>(o.heads),
                   encoders = static_cast<double>(o.encoder_layers), decoders = static_cast<double>(o.decoder_layers);
        const double encoder = S * (4 * d * d + 2 * S * d + 2 * d * f);
        const double decoder = T * (6 * d * d + 2 * T * d + 2 * S * d + 2 * d * f) + S * 2 * d * d;
        const double norms = o.norm == nn::NormOrder::none ? 0 : d, residuals = o.residual ? d : 0;
        const double encoder_kept = S * (5 * d + 2 * f + 2 * norms + residuals),
                     decoder_kept = T * (8 * d + 2 * f + 3 * norms + residuals) + S * 3 * d;
        const double weights = heads * (encoders * S * S + decoders * (T * T + T * S));
        const double copying = o.copy ? T * (3 * S + 4 * vocabulary) : 0,
                     dropping = o.attention_dropout > 0 ? 3 * weights : 0;
        return {.multiply_adds = b.sequences * (encoders * encoder + decoders * decoder + T * d * vocabulary +
                                                (o.copy ? T * d * (d + S) : 0)),
                .attention_weights = b.sequences * weights,
                .kept = b.sequences * (encoders * encoder_kept + decoders * decoder_kept + (S + T) * 2 * d +
                                       T * 2 * vocabulary + copying + dropping)};
      },
      .presets = {{"tiny", sized("4", "2", "128",
                                 {{"model.positions", "relative"}, {"train.lr", "0.001"}, {"train.warmup", "100"}})},
                  {"small", sized("4", "3", "512")},
                  {"base", sized("4", "4", "1024")}},
      // Half a shard at a time, to store fewer activations.
      .bench_sizes = {{"tiny", sized("4", "2", "256")},
                      {"small", sized("4", "2", "1024", {{"train.accumulate", "2"}})},
                      {"base", sized("8", "3", "2048", {{"train.accumulate", "2"}})}},
      .demo = {{"model.positions", "sinusoidal"}},
  };
}

}  // namespace gradus::models
