// Each layer with wrong inputs: the error contains the layer's path, the expected shape and the line of the call.
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gradus/nn/attention.h>
#include <gradus/nn/batch_norm.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/feed_forward.h>
#include <gradus/nn/group_norm.h>
#include <gradus/nn/location_attention.h>
#include <gradus/nn/multiplicative_attention.h>
#include <gradus/nn/positions.h>
#include <gradus/nn/recurrent.h>
#include <gradus/nn/relative_bias.h>
#include <gradus/nn/rms_norm.h>
#include <gradus/nn/rotary.h>
#include <gradus/nn/transformer.h>

#include "catch.h"

namespace gradus::nn_errors_test {

using Catch::Matchers::ContainsSubstring;

namespace {

Tensor ones(const Shape& shape) { return Tensor::ones(shape); }

unsigned line = 0;  // of the last call

struct Wrong {
  std::string path;
  std::string expected;
  std::function<void()> call;
};

void check(const std::vector<Wrong>& calls) {
  for (const Wrong& wrong : calls) {
    line = 0;
    std::string message = "no error";
    try {
      wrong.call();
    } catch (const Error& e) {
      message = e.what();
    }
    INFO(wrong.path << ", expected " << wrong.expected << ": " << message);
    CHECK_THAT(message, ContainsSubstring("'" + wrong.path));
    CHECK_THAT(message, ContainsSubstring(wrong.expected));
    CHECK_THAT(message, ContainsSubstring("nn_errors_test.cpp:" + std::to_string(line) + ")"));
  }
}

}  // namespace

// clang-format off
TEST_CASE("a wrong input to a layer is refused with its path, the expected shape and the line of the call") {
  nn::ParameterStore store(1);
  const nn::Scope scope = store.root() / "model";
  const nn::Linear linear(scope / "linear", 3, 2), projection = nn::Linear::projection(scope / "projection", 3, 2);
  const nn::Embedding embedding(scope / "embedding", 5, 3);
  const nn::Linear tied = nn::Linear::tied(scope / "tied", embedding.weight, false);
  const nn::LayerNorm norm(scope / "norm", 3);
  const nn::FeedForward feed_forward(scope / "feed_forward", 3, 4);
  const nn::SinusoidalPositions sinusoidal(scope / "sinusoidal", 4, 3);
  const nn::LearnedPositions learned(scope / "learned", 4, 3);
  check({
    {"model.linear", "expected f32 [..., 3]", [&] { line = __LINE__; linear(ones({2, 4})); }},
    {"model.linear", "expected f32 [..., 3]", [&] { line = __LINE__; linear(Tensor::ones({2, 3}, DType::f64)); }},
    {"model.linear", "expected f32 [..., 3]", [&] { line = __LINE__; linear(Tensor()); }},
    {"model.linear", "expected f32 [..., 3]", [&] { line = __LINE__; linear(ones({})); }},
    {"model.projection", "expected f32 [..., 3]", [&] { line = __LINE__; projection(ones({2})); }},
    {"model.tied", "expected f32 [..., 3]", [&] { line = __LINE__; tied(ones({2})); }},
    {"model.embedding", "expected i64 [...]", [&] { line = __LINE__; embedding(ones({2})); }},
    {"model.embedding", "id 5 at position 1 is outside [0, 5)", [&] { line = __LINE__; embedding(Tensor::from(std::vector<Index>{4, 5}, {2})); }},
    {"model.norm", "expected f32 [..., 3]", [&] { line = __LINE__; norm(ones({3, 2})); }},
    {"model.feed_forward.linear1", "expected f32 [..., 3]", [&] { line = __LINE__; feed_forward(ones({4})); }},
    {"model.sinusoidal", "expected f32 [..., time, 3]", [&] { line = __LINE__; sinusoidal(ones({2, 2, 4})); }},
    {"model.learned", "expected f32 [..., time, 3]", [&] { line = __LINE__; learned(ones({3})); }},
    {"model.learned", "position -1", [&] { line = __LINE__; learned(ones({1, 3}), -1); }},
    {"model.learned", "4 positions", [&] { line = __LINE__; learned(ones({5, 3})); }},
  });
}

TEST_CASE("a wrong input to a recurrent layer is refused with its path, the expected shape and the line of the call") {
  nn::ParameterStore store(1);
  const nn::Scope scope = store.root() / "model";
  const nn::RNNCell rnn(scope / "rnn", 3, 2);
  const nn::GRUCell gru(scope / "gru", 3, 2);
  const nn::LSTMCell lstm(scope / "lstm", 3, 2);
  const nn::Cell cell(scope / "cell", nn::CellKind::lstm, 3, 2);
  const nn::Recurrent network(scope / "network", {.kind = nn::CellKind::gru, .in = 3, .hidden = 2, .layers = 2}),
                      both(scope / "both", {.in = 3, .hidden = 2, .bidirectional = true});
  const nn::CellState state = cell.zero_state(4), other{ones({5, 2}), {}}, wide{ones({4, 2}), ones({4, 3})};
  const Tensor x = ones({4, 3}), xs = ones({4, 6, 3});
  check({
    {"model.rnn", "x is f32 [4, 2]; expected f32 [..., 3]", [&] { line = __LINE__; rnn(ones({4, 2}), state); }},
    {"model.rnn", "hidden is f32 [5, 2]; expected f32 [4, 2]", [&] { line = __LINE__; rnn(x, other); }},
    {"model.rnn", "expected f32 [batch, 2]", [&] { line = __LINE__; rnn.step(x, state); }},
    {"model.gru", "expected f32 [..., 3]", [&] { line = __LINE__; gru(ones({4, 2}), state); }},
    {"model.gru", "expected f32 [batch, 6]", [&] { line = __LINE__; gru(xs, state); }},
    {"model.gru", "hidden is an undefined tensor; expected f32 [4, 2]", [&] { line = __LINE__; gru(x, {}); }},
    {"model.lstm", "cell is f32 [4, 3]; expected f32 [4, 2]", [&] { line = __LINE__; lstm(x, wide); }},
    {"model.cell", "expected f32 [..., 3]", [&] { line = __LINE__; cell(ones({4}), state); }},
    {"model.network", "expected f32 [batch, time, 3]", [&] { line = __LINE__; network(x); }},
    {"model.network", "expected f32 [batch, time, 3]", [&] { line = __LINE__; network(ones({4, 6, 2})); }},
    {"model.network", "at least one step", [&] { line = __LINE__; network(ones({4, 0, 3})); }},
    {"model.network", "the mask is f32 [6, 4]; expected [4, 6]", [&] { line = __LINE__; network(xs, ones({6, 4})); }},
    {"model.network", "1 initial states; expected one for each of its 2", [&] { line = __LINE__; network(xs, {}, {state}); }},
    {"model.network", "hidden is f32 [5, 2]; expected f32 [4, 2]", [&] { line = __LINE__; network(xs, {}, {other, other}); }},
    {"model.network", "expected f32 [..., 3]", [&] { line = __LINE__; network.step(ones({4, 2}), {state, state}); }},
    {"model.network", "1 states; expected one for each of its 2", [&] { line = __LINE__; network.step(x, {state}); }},
    {"model.both", "bidirectional", [&] { line = __LINE__; both.step(x, {state, state}); }},
  });
}

TEST_CASE("a wrong input to an attention layer is refused with its path, the expected shape and the line of the call") {
  nn::ParameterStore store(1);
  const nn::Scope scope = store.root() / "model";
  const nn::AdditiveAttention additive(scope / "additive", 3, 4, 6);
  const nn::Attention attention(scope / "attention", 3, 4, 6);
  const nn::SelfAttention self(scope / "self", 4, 6);
  const nn::MultiplicativeAttention product(scope / "product", 3, 4, nn::ScoreForm::general);
  const nn::LocationAttention location(scope / "location", 3, 4, 6);
  const nn::MultiHeadAttention heads(scope / "heads", {.dim = 4, .heads = 2, .vdim = 3});
  const Tensor h = ones({2, 5, 4}), s = ones({2, 3}), v = ones({2, 5, 3}), mask = ones({5, 2});
  const nn::KeyValues of_additive = additive.key_values(h), kv = attention.key_values(h), of_heads = heads.key_values_from(h, v),
                      of_product = product.key_values(h);
  const nn::MultiHeadAttention square(scope / "heads" / "square", 4, 2);
  nn::KeyValues past, scalars{ones({}), ones({}), {}};
  check({
    {"model.additive", "expected f32 [batch, source, 4]", [&] { line = __LINE__; additive.key_values(ones({5, 4})); }},
    {"model.additive", "the mask is f32 [5, 2]; expected [2, 5]", [&] { line = __LINE__; additive.key_values(h, mask); }},
    {"model.additive", "expected f32 [2, 3]", [&] { line = __LINE__; additive.context(ones({2, 4}), of_additive); }},
    {"model.additive", "expected f32 [2, 3]", [&] { line = __LINE__; additive.attention_weights(ones({3, 3}), of_additive); }},
    {"model.attention", "expected f32 [batch, source, 4]", [&] { line = __LINE__; attention.key_values(ones({2, 5, 3})); }},
    {"model.attention", "the mask is f32 [5, 2]; expected [2, 5]", [&] { line = __LINE__; attention.key_values(h, mask); }},
    {"model.attention", "expected f32 [batch, 3]", [&] { line = __LINE__; attention.context(ones({2, 4}), kv); }},
    {"model.attention", "expected f32 [batch, time, 3]", [&] { line = __LINE__; attention.attention_weights(ones({3}), kv); }},
    {"model.attention", "expected f32 [batch, time, 3]", [&] { line = __LINE__; attention(h, ones({2, 2, 4})); }},
    {"model.product", "expected [batch, source, 4]", [&] { line = __LINE__; product.key_values(ones({2, 5, 3})); }},
    {"model.product", "expected [batch, 3]", [&] { line = __LINE__; product.context(ones({2, 4}), of_product); }},
    {"model.product", "expected [batch, 3]", [&] { line = __LINE__; product.attention_weights(ones({2, 4}), of_product); }},
    {"model.product", "source.keys is f32 [2, 5, 6]; expected f32 [2, source, 3]", [&] { line = __LINE__; product.context(s, of_additive); }},
    {"model.location", "the weights before is f32 [2, 4]; expected f32 [2, 5]", [&] { line = __LINE__; location.located(of_additive, ones({2, 4})); }},
    {"model.self", "expected f32 [batch, source, 4]", [&] { line = __LINE__; self(s); }},
    {"model.heads", "expected f32 [2, 5, 3]", [&] { line = __LINE__; heads.key_values_from(h, h); }},
    {"model.heads", "the mask is f32 [5, 2]; expected [2, 5]", [&] { line = __LINE__; heads.key_values_from(h, v, mask); }},
    {"model.heads", "expected f32 [batch, time, 4]", [&] { line = __LINE__; heads.context(v, of_heads); }},
    {"model.heads", "expected f32 [batch, time, 4]", [&] { line = __LINE__; heads.attention_weights(s, of_heads); }},
    {"model.heads", "expected f32 [2, 5, 3]", [&] { line = __LINE__; heads(h); }},
    {"model.heads", "expected f32 [batch, 1, 4]", [&] { line = __LINE__; square.step(s, past); }},
    {"model.heads", "x is f32 [2, 5, 4]; expected f32 [batch, 1, 4]", [&] { line = __LINE__; square.step(h, past); }},
    {"model.heads", "past.keys is f32 []; expected f32 [2, past, 4]", [&] { line = __LINE__; square.step(narrow(h, 1, 0, 1), scalars); }},
    {"model.additive", "source.mask is f32 [2]; expected [2, 5]", [&] { line = __LINE__; additive.context(s, {of_additive.keys, h, ones({2})}); }},
    {"model.additive", "source.mask is f32 [1, 5]; expected [2, 5]", [&] { line = __LINE__; additive.context(s, {of_additive.keys, h, ones({1, 5})}); }},
    {"model.additive", "source.values is f32 [1, 5, 4]; expected f32 [2, 5, dim]", [&] { line = __LINE__; additive.context(s, {of_additive.keys, ones({1, 5, 4}), {}}); }},
    {"model.additive", "source.values is an undefined tensor", [&] { line = __LINE__; additive.context(s, {of_additive.keys, {}, {}}); }},
  });
  CHECK_THROWS_WITH(nn::weighted_sum(ones({1, 3}), ones({5, 3, 2})), ContainsSubstring("alpha f32 [1, 3] and values f32 [5, 3, 2] do not fit"));
}

TEST_CASE("a wrong input to a Transformer layer is refused with its path, the expected shape and the line of the call") {
  nn::ParameterStore store(1);
  const nn::Scope scope = store.root() / "model";
  const nn::TransformerOptions options{.dim = 4, .heads = 2, .ffn = 6, .norm = nn::NormOrder::pre};
  const nn::TransformerEncoder encoder(scope / "encoder", options, 1);
  const nn::TransformerDecoder decoder(scope / "decoder", options, 1);
  const Tensor h = ones({2, 5, 4}), x = ones({2, 3, 4}), mask = ones({5, 2});
  const std::vector<nn::KeyValues> kv = decoder.key_values(h);
  std::vector<nn::KeyValues> past, seven(7);
  check({
    {"model.encoder.layers.0", "expected f32 [..., 4]", [&] { line = __LINE__; encoder(ones({2, 5, 3})); }},
    {"model.encoder.layers.0", "expected f32 [batch, source, 4]", [&] { line = __LINE__; encoder(ones({5, 4})); }},
    {"model.encoder.layers.0", "the mask is f32 [5, 2]; expected [2, 5]", [&] { line = __LINE__; encoder(h, mask); }},
    {"model.encoder.layers.0", "expected f32 [..., 4]", [&] { line = __LINE__; encoder.layers[0](ones({2, 5, 3})); }},
    {"model.decoder.layers.0", "expected f32 [batch, source, 4]", [&] { line = __LINE__; decoder.key_values(ones({5, 4})); }},
    {"model.decoder.layers.0", "expected f32 [..., 4]", [&] { line = __LINE__; decoder(ones({2, 3, 3}), kv); }},
    {"model.decoder.layers.0", "expected f32 [..., 4]", [&] { line = __LINE__; decoder.attention_weights(ones({2, 3, 3}), kv); }},
    {"model.decoder.layers.0", "expected f32 [batch, 1, 4]", [&] { line = __LINE__; decoder.step(ones({2, 4}), past, kv); }},
    {"model.decoder.layers.0", "x is f32 [2, 3, 4]; expected f32 [batch, 1, 4]", [&] { line = __LINE__; decoder.step(x, past, kv); }},
    {"model.decoder", "the keys and values of 7 layers; expected one for each of its 1 layers", [&] { line = __LINE__; decoder.step(narrow(x, 1, 0, 1), seven, kv); }},
    {"model.decoder", "one for each of its 1 layers", [&] { line = __LINE__; decoder(x, {}); }},
  });
  CHECK(past.empty());
  CHECK(seven.size() == 7);
}

TEST_CASE("a refused step of a decoder leaves the keys and values of its past as they are") {
  nn::ParameterStore store(1);
  const nn::TransformerDecoder decoder(store.root(), {.dim = 4, .heads = 2}, 2);
  const Tensor x = ones({2, 1, 4}), wrong = ones({7});
  const std::vector<nn::KeyValues> kv = decoder.key_values(ones({2, 5, 4}));
  std::vector<nn::KeyValues> past;
  decoder.step(x, past, kv);
  const auto unchanged = [&](const std::function<void()>& step) {
    CHECK_THROWS_AS(step(), Error);
    for (const nn::KeyValues& each : past) CHECK((each.keys.size(1) == 1 && each.values.size(1) == 1));
  };
  unchanged([&] { decoder.step(x, past, kv, {.mask = wrong}); });
  unchanged([&] { decoder.step(x, past, kv, {.source_mask = wrong}); });
  unchanged([&] { decoder.layers[0].step(x, past[0], kv[0], {.source_mask = wrong}); });
  unchanged([&] { decoder.layers[0].self_attn.step(x, past[0], {.mask = wrong}); });
  unchanged([&] { decoder.step(x, past, {kv[0], decoder.layers[1].key_values(ones({3, 5, 4}))}); });
}

TEST_CASE("a recurrent network that was moved from is refused") {
  nn::ParameterStore store(1);
  nn::Recurrent network(store.root(), {.in = 2, .hidden = 3});
  const nn::Recurrent moved = std::move(network);
  CHECK_THROWS_WITH(network(ones({1, 2, 2})), ContainsSubstring("moved from"));
  CHECK_THROWS_WITH(network.step(ones({1, 2}), {}), ContainsSubstring("moved from"));
  CHECK_THROWS_WITH(network.step_projected(ones({1, 12}), {}), ContainsSubstring("moved from"));
  CHECK(moved(ones({1, 2, 2})).outputs.shape() == Shape{1, 2, 3});
}

TEST_CASE("a wrong mask or bias of an attention layer is refused with its path, the expected shape and the line of the call") {
  nn::ParameterStore store(1);
  const nn::MultiHeadAttention heads(store.root() / "heads", 4, 2);
  const nn::Attention one(store.root() / "one", 4, 4, 4);
  const nn::TransformerEncoder encoder(store.root() / "encoder", {.dim = 4, .heads = 2}, 1);
  const nn::TransformerDecoder decoder(store.root() / "decoder", {.dim = 4, .heads = 2}, 1);
  const Tensor x = ones({2, 5, 4}), tokens = ones({2, 5});
  check({
    {"heads", "expected [S], [T, S]", [&] { line = __LINE__; heads(x, {}, {.mask = ones({2, 5})}); }},
    {"heads", "expected [S], [T, S]", [&] { line = __LINE__; heads(x, tokens, {.mask = ones({2, 5})}); }},
    {"heads", "expected [S], [T, S]", [&] { line = __LINE__; heads(x, tokens, {.mask = ones({2, 5, 5})}); }},
    {"heads", "expected f32 [S], [T, S]", [&] { line = __LINE__; heads(x, {}, {.bias = Tensor::zeros({5}, DType::f64)}); }},
    {"heads", "the key is f32 [2, 5, 3]", [&] { line = __LINE__; heads(x, ones({2, 5, 3}), x); }},
    {"heads", "the value is f32 [2, 4, 4]; expected f32 [2, 5, 4]", [&] { line = __LINE__; heads(x, x, ones({2, 4, 4})); }},
    {"heads", "the mask is f32 [5, 2]; expected [2, 5]", [&] { line = __LINE__; heads(x, x, x, ones({5, 2})); }},
    {"heads", "source.keys is an undefined tensor", [&] { line = __LINE__; heads.context(x, {}); }},
    {"heads", "source.keys is f32 [3, 5, 4]; expected f32 [2, source, 4]", [&] { line = __LINE__; heads.context(x, heads.key_values(ones({3, 5, 4}))); }},
    {"one", "expected [S], [T, S]", [&] { line = __LINE__; one(x, x, tokens, {.mask = ones({2, 5})}); }},
    {"encoder.layers.0", "expected f32 [S], [T, S]", [&] { line = __LINE__; encoder(x, tokens, {.bias = ones({4, 5})}); }},
    {"decoder.layers.0", "expected [S], [T, S]", [&] { line = __LINE__; decoder(x, decoder.key_values(x), {.source_mask = ones({4, 5})}); }},
  });
}

TEST_CASE("options of norms and initial values that are no numbers for them are refused, and leave the paths free") {
  nn::ParameterStore store(1);
  const nn::Scope scope = store.root() / "a";
  for (const double wrong : {-1.0, static_cast<double>(NAN)}) {
    const auto eps = ContainsSubstring("'a' has the eps");
    CHECK_THROWS_WITH(nn::LayerNorm(scope, 4, wrong), eps);
    CHECK_THROWS_WITH(nn::RMSNorm(scope, 4, wrong), eps);
    CHECK_THROWS_WITH(nn::GroupNorm(scope, 2, 4, wrong), eps);
    CHECK_THROWS_WITH(nn::BatchNorm(scope, 4, wrong), eps);
    CHECK_THROWS_WITH(nn::BatchNorm(scope, 4, 1e-5, wrong), ContainsSubstring("'a' has the momentum"));
  }
  CHECK_THROWS_WITH(nn::BatchNorm(scope, 4, 1e-5, 7), ContainsSubstring("momentum 7; expected a number from 0 to 1"));
  for (const double wrong : {-1.0, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    const auto words = ContainsSubstring("'a.weight' cannot begin with values of the ");
    CHECK_THROWS_WITH(nn::Embedding(scope, 2, 2, wrong), words && ContainsSubstring("deviation"));
    CHECK_THROWS_WITH(scope.uniform("weight", {2}, wrong), words && ContainsSubstring("bound"));
  }
  CHECK(store.all().empty());
}

TEST_CASE("biases of impossible positions and sizes are refused") {
  nn::ParameterStore store(1);
  const nn::RelativeBias bias(store.root() / "bias", 2, 3);
  const Index most = std::numeric_limits<Index>::max(), least = std::numeric_limits<Index>::min(), half = Index{1} << 33;
  for (const Index start : {Index{-5}, least, most}) {
    const auto words = ContainsSubstring("start is " + std::to_string(start) + " for 2 positions");
    CHECK_THROWS_WITH(nn::alibi(1, 2, 2, start), ContainsSubstring("alibi") && words);
    CHECK_THROWS_WITH(bias(2, 2, start), ContainsSubstring("RelativeBias") && words);
    CHECK_THROWS_WITH(nn::rotary(ones({1, 2, 4}), 1, start), ContainsSubstring("rotary") && words);
  }
  CHECK_THROWS_WITH(nn::alibi((Index{1} << 62) + 1, 0, 0), ContainsSubstring("no tensor has shape"));
  CHECK_THROWS_WITH(nn::alibi(1, -1, 2), ContainsSubstring("no tensor has shape [1, -1, 2]"));
  CHECK_THROWS_WITH(nn::alibi(1, 2, 2, 0, DType::f32, NAN), ContainsSubstring("later is NaN"));
  CHECK(nn::alibi(Index{1} << 40, 0, 5).numel() == 0);
  CHECK_THROWS_WITH(bias(half, half), ContainsSubstring("no tensor has shape [8589934592, 8589934592]"));
  CHECK_THROWS_WITH(bias(-1, -1), ContainsSubstring("no tensor has shape [-1, -1]"));
  CHECK_THROWS_WITH(nn::rotary(ones({1, 2, 4}), most), ContainsSubstring("even d"));
  CHECK_THROWS_WITH(nn::RelativeBias(store.root() / "wide", 2, most), ContainsSubstring("no tensor has shape"));
}

TEST_CASE("wrong sizes of layers are refused with their path") {
  nn::ParameterStore store(1);
  CHECK_THROWS_WITH(nn::RelativeBias(store.root() / "bias", 2, -1), ContainsSubstring("'bias'"));
  for (const Index layers : {Index{-1}, Index{0}, Index{1001}, Index{1} << 60}) {
    const auto words = ContainsSubstring(" has " + std::to_string(layers) + " layers; expected 1 to 1000");
    CHECK_THROWS_WITH(nn::Recurrent(store.root() / "network", {.in = 2, .hidden = 2, .layers = layers}), ContainsSubstring("'network'") && words);
    CHECK_THROWS_WITH(nn::TransformerEncoder(store.root() / "encoder", {.dim = 4, .heads = 2}, layers), ContainsSubstring("'encoder'") && words);
    CHECK_THROWS_WITH(nn::TransformerDecoder(store.root() / "decoder", {.dim = 4, .heads = 2}, layers), ContainsSubstring("'decoder'") && words);
  }
  CHECK_THROWS_WITH(nn::MultiHeadAttention(store.root() / "heads", 4, 3), ContainsSubstring("'heads'"));
  CHECK_THROWS_WITH(nn::MultiHeadAttention(store.root() / "odd", {.dim = 6, .heads = 2, .rotary = true}), ContainsSubstring("'odd'") && ContainsSubstring("even"));
  CHECK_THROWS_WITH(nn::rotary(ones({2, 3, 6}), 2), ContainsSubstring("even d"));
  CHECK_THROWS_WITH(nn::MultiplicativeAttention(store.root() / "product", 3, 4, nn::ScoreForm::dot), ContainsSubstring("'product'") && ContainsSubstring("3 and"));
  CHECK_THROWS_WITH(nn::LocationAttention(store.root() / "location", 3, 4, 6, -1), ContainsSubstring("'location'") && ContainsSubstring("-1"));
}

}  // namespace gradus::nn_errors_test
