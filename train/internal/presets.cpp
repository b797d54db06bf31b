#include <gradus/train/internal/presets.h>

#include <fmt/format.h>

#include <gradus/data/internal/utf8.h>
#include <gradus/train/internal/suggest.h>

namespace gradus::train {
namespace {

const Assignments tiny = {{"model.dim", "64"},   {"model.hidden", "128"},      {"train.batch", "64"},
                          {"train.lr", "0.002"}, {"train.schedule", "cosine"}, {"train.epochs", "15"}};
const Assignments small = {{"model.dim", "128"},    {"model.hidden", "256"}, {"model.dropout", "0.1"},
                           {"train.batch", "128"},  {"train.lr", "0.001"},   {"train.schedule", "cosine"},
                           {"train.warmup", "400"}, {"train.epochs", "15"}};
const Assignments base = {{"model.dim", "256"},    {"model.hidden", "512"}, {"model.dropout", "0.2"},
                          {"train.batch", "128"},  {"train.lr", "0.001"},   {"train.schedule", "cosine"},
                          {"train.warmup", "800"}, {"train.epochs", "30"}};

// Heads, feed-forward sublayers, residuals and norms: with them self-attention is the Transformer.
Assignments transformer_of(const std::string& preset) {
  Assignments a = {{"model.residual", "true"}, {"model.norm", "pre"}, {"model.heads", "4"}};
  const auto layers = [&](const char* count, const char* ffn) {
    for (const char* key : {"model.encoder_layers", "model.decoder_layers"}) a.emplace_back(key, count);
    a.emplace_back("model.ffn", ffn);
  };
  if (preset == "tiny") {
    layers("2", "128");
    a.emplace_back("train.lr", "0.001");
    a.emplace_back("train.warmup", "100");
  } else if (preset == "small") {
    layers("3", "512");
  } else {
    layers("4", "1024");
  }
  return a;
}

}  // namespace

std::vector<std::string> preset_names() { return {"tiny", "small", "base"}; }

Assignments assignments_of(const std::string& preset, const std::string& model) {
  Assignments a;
  if (preset == "tiny") {
    a = tiny;
  } else if (preset == "small") {
    a = small;
  } else if (preset == "base") {
    a = base;
  } else {
    throw ConfigError(fmt::format("there is no preset \"{}\": one of {}{}", data::shown(preset),
                                  fmt::join(preset_names(), ", "), did_you_mean(preset, preset_names())));
  }
  if (model == "transformer") {
    for (auto& more : transformer_of(preset)) a.push_back(std::move(more));
  } else if (preset == "base" && model != "attention") {
    for (const char* key : {"model.encoder_layers", "model.decoder_layers"}) a.emplace_back(key, "2");
  }
  return a;
}

}  // namespace gradus::train
