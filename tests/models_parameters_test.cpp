#include <string>
#include <vector>

#include <gradus/models/vit.h>

#include "catch.h"
#include "models_variants.h"

namespace gradus::models_parameters_test {

using namespace gradus::models;

namespace {

using Paths = std::vector<std::string>;

Paths paths_of(const nn::ParameterStore& store) {
  Paths paths;
  for (const nn::Parameter& p : store.all()) paths.push_back(p.path);
  return paths;
}

/// The parameters of a layer: each name below `scope`.
void add(Paths& paths, const std::string& scope, const Paths& names) {
  for (const std::string& name : names) paths.push_back(scope + "." + name);
}

Paths cell(const std::string& suffix) {
  return {"weight_ih" + suffix, "weight_hh" + suffix, "bias_ih" + suffix, "bias_hh" + suffix};
}

const Paths weight_and_bias = {"weight", "bias"};
const Paths multi_head = {"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"};
const Paths feed_forward = {"linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"};

Seq2SeqOptions tiny(const char* model) {
  Seq2SeqOptions o{.model = model, .source_vocab = 7, .target_vocab = 6, .dim = 4};
  o.hidden = 4;
  o.max_length = 8;
  return o;
}

}  // namespace

// Checkpoints contain these paths, and optimisers sum in this order: neither may change.

TEST_CASE("the parameter paths of rnn are those of checkpoints", "[models]") {
  Seq2SeqOptions o = tiny("rnn");
  o.cell = nn::CellKind::lstm;
  o.bidirectional = true;
  o.decoder_layers = 2;
  Paths expected = {"encoder.embedding.weight"};
  add(expected, "encoder.network", cell("_l0"));
  add(expected, "encoder.network", cell("_l0_reverse"));
  for (const char* layer : {"0", "1"}) {
    add(expected, std::string("encoder.bridge.hidden.") + layer, weight_and_bias);
    add(expected, std::string("encoder.bridge.memory.") + layer, weight_and_bias);  // of an LSTM's cell
  }
  expected.emplace_back("decoder.embedding.weight");
  add(expected, "decoder.network", cell("_l0"));
  add(expected, "decoder.network", cell("_l1"));
  add(expected, "output", weight_and_bias);
  CHECK(paths_of(Built(o).store) == expected);
}

TEST_CASE("the parameter paths of rnn-attention are those of checkpoints", "[models]") {
  for (const Alignment alignment : {Alignment::additive, Alignment::qkv}) {
    Seq2SeqOptions o = tiny("rnn-attention");
    o.alignment = alignment;
    Paths expected = {"encoder.embedding.weight"};
    add(expected, "encoder.network", cell("_l0"));
    expected.emplace_back("decoder.embedding.weight");
    add(expected, "decoder.network", cell("_l0"));
    if (alignment == Alignment::additive)
      add(expected, "alignment", {"key.weight", "query.weight", "query.bias", "score.weight"});
    else
      add(expected, "alignment", {"query.weight", "key.weight", "value.weight"});
    expected.emplace_back("decoder.context.weight");
    add(expected, "output", weight_and_bias);
    CHECK(paths_of(Built(o).store) == expected);
  }
}

TEST_CASE("the parameter paths of attention are those of checkpoints", "[models]") {
  Seq2SeqOptions o = tiny("attention");
  o.positions = Positions::learned;
  Paths expected = {"encoder.embedding.weight", "encoder.positions.weight", "decoder.embedding.weight",
                    "decoder.positions.weight"};
  add(expected, "attention", {"query.weight", "key.weight", "value.weight"});
  add(expected, "output", weight_and_bias);
  CHECK(paths_of(Built(o).store) == expected);
}

TEST_CASE("the parameter paths of transformer are those of checkpoints", "[models]") {
  Seq2SeqOptions o = tiny("transformer");
  o.decoder_layers = 2;
  o.ffn = 8;
  o.residual = true;
  o.norm = nn::NormOrder::pre;
  o.tied = true;
  Paths expected = {"encoder.embedding.weight", "decoder.embedding.weight"};
  add(expected, "encoder.layers.0.self_attn", multi_head);
  add(expected, "encoder.layers.0.norm1", weight_and_bias);
  add(expected, "encoder.layers.0", feed_forward);
  add(expected, "encoder.layers.0.norm2", weight_and_bias);
  add(expected, "encoder.norm", weight_and_bias);
  for (const std::string layer : {"decoder.layers.0", "decoder.layers.1"}) {
    add(expected, layer + ".self_attn", multi_head);
    add(expected, layer + ".multihead_attn", multi_head);
    add(expected, layer + ".norm1", weight_and_bias);
    add(expected, layer + ".norm2", weight_and_bias);
    add(expected, layer, feed_forward);
    add(expected, layer + ".norm3", weight_and_bias);
  }
  add(expected, "decoder.norm", weight_and_bias);
  expected.emplace_back("output.bias");
  const Built built(o);
  CHECK(paths_of(built.store) == expected);
  CHECK(built.store.contains("output.weight"));
}

TEST_CASE("the parameter paths of the vision Transformer are those of checkpoints", "[models]") {
  nn::ParameterStore store(1);
  const Vit vit(store.root(), {.dim = 4, .layers = 1, .heads = 2, .ffn = 8});
  Paths expected = {"patches.weight", "patches.bias", "cls", "positions.weight"};
  add(expected, "encoder.layers.0.self_attn", multi_head);
  add(expected, "encoder.layers.0.norm1", weight_and_bias);
  add(expected, "encoder.layers.0", feed_forward);
  add(expected, "encoder.layers.0.norm2", weight_and_bias);
  add(expected, "encoder.norm", weight_and_bias);
  add(expected, "head", weight_and_bias);
  CHECK(paths_of(store) == expected);
}

}  // namespace gradus::models_parameters_test
