// Each layer with wrong inputs: the error contains the layer's path, the expected shape and the line of the call.
#include <functional>
#include <string>
#include <vector>

#include <gradus/nn/attention.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/feed_forward.h>
#include <gradus/nn/location_attention.h>
#include <gradus/nn/multiplicative_attention.h>
#include <gradus/nn/positions.h>
#include <gradus/nn/recurrent.h>
#include <gradus/nn/relative_bias.h>
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
  nn::KeyValues past;
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
    {"model.heads", "expected f32 [batch, source, 4]", [&] { line = __LINE__; heads.step(s, past); }},
  });
}

TEST_CASE("a wrong input to a Transformer layer is refused with its path, the expected shape and the line of the call") {
  nn::ParameterStore store(1);
  const nn::Scope scope = store.root() / "model";
  const nn::TransformerOptions options{.dim = 4, .heads = 2, .ffn = 6, .norm = nn::NormOrder::pre};
  const nn::TransformerEncoder encoder(scope / "encoder", options, 1);
  const nn::TransformerDecoder decoder(scope / "decoder", options, 1);
  const Tensor h = ones({2, 5, 4}), x = ones({2, 3, 4}), mask = ones({5, 2});
  const std::vector<nn::KeyValues> kv = decoder.key_values(h);
  std::vector<nn::KeyValues> past;
  check({
    {"model.encoder.layers.0", "expected f32 [..., 4]", [&] { line = __LINE__; encoder(ones({2, 5, 3})); }},
    {"model.encoder.layers.0", "expected f32 [batch, source, 4]", [&] { line = __LINE__; encoder(ones({5, 4})); }},
    {"model.encoder.layers.0", "the mask is f32 [5, 2]; expected [2, 5]", [&] { line = __LINE__; encoder(h, mask); }},
    {"model.encoder.layers.0", "expected f32 [..., 4]", [&] { line = __LINE__; encoder.layers[0](ones({2, 5, 3})); }},
    {"model.decoder.layers.0", "expected f32 [batch, source, 4]", [&] { line = __LINE__; decoder.key_values(ones({5, 4})); }},
    {"model.decoder.layers.0", "expected f32 [..., 4]", [&] { line = __LINE__; decoder(ones({2, 3, 3}), kv); }},
    {"model.decoder.layers.0", "expected f32 [..., 4]", [&] { line = __LINE__; decoder.attention_weights(ones({2, 3, 3}), kv); }},
    {"model.decoder.layers.0", "expected f32 [batch, source, 4]", [&] { line = __LINE__; decoder.step(ones({2, 4}), past, kv); }},
    {"model.decoder", "one for each of its 1 layers", [&] { line = __LINE__; decoder(x, {}); }},
  });
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

TEST_CASE("wrong sizes of layers are refused with their path") {
  nn::ParameterStore store(1);
  CHECK_THROWS_WITH(nn::RelativeBias(store.root() / "bias", 2, -1), ContainsSubstring("'bias'"));
  CHECK_THROWS_WITH(nn::Recurrent(store.root() / "network", {.in = 2, .hidden = 2, .layers = 0}), ContainsSubstring("'network'"));
  CHECK_THROWS_WITH(nn::MultiHeadAttention(store.root() / "heads", 4, 3), ContainsSubstring("'heads'"));
  CHECK_THROWS_WITH(nn::MultiHeadAttention(store.root() / "odd", {.dim = 6, .heads = 2, .rotary = true}), ContainsSubstring("'odd'") && ContainsSubstring("even"));
  CHECK_THROWS_WITH(nn::rotary(ones({2, 3, 6}), 2), ContainsSubstring("even d"));
  CHECK_THROWS_WITH(nn::MultiplicativeAttention(store.root() / "product", 3, 4, nn::ScoreForm::dot), ContainsSubstring("'product'") && ContainsSubstring("3 and"));
  CHECK_THROWS_WITH(nn::LocationAttention(store.root() / "location", 3, 4, 6, -1), ContainsSubstring("'location'") && ContainsSubstring("-1"));
}

}  // namespace gradus::nn_errors_test
