#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/nn/attention.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/location_attention.h>
#include <gradus/nn/losses.h>
#include <gradus/nn/masks.h>
#include <gradus/nn/multiplicative_attention.h>
#include <gradus/nn/positions.h>
#include <gradus/nn/recurrent.h>
#include <gradus/nn/relative_bias.h>
#include <gradus/nn/transformer.h>

#include "catch.h"

namespace gradus::nn_layers_test {

using Catch::Matchers::ContainsSubstring;

namespace {

Tensor normal(const Shape& shape, std::uint64_t stream) {
  return Tensor::normal(shape, 0, 1, Philox(11, stream), DType::f64);
}

Tensor mask_of(const std::vector<Index>& lengths, Index time) {
  std::vector<double> present;
  for (const Index length : lengths)
    for (Index t = 0; t < time; ++t) present.push_back(t < length);
  return Tensor::from(present, {std::ssize(lengths), time});
}

void check_close(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, std::abs(x[i] - y[i]));
  CHECK(worst < 1e-13);
}

/// The tokens of sentence `row` of [batch, time, dim]: [1, length, dim].
Tensor sentence(const Tensor& x, Index row, Index length) { return slice(narrow(x, 0, row, 1), 1, 0, length); }

}  // namespace

TEST_CASE("a linear layer maps the last axis, and an embedding appends one") {
  nn::ParameterStore store(1);
  const nn::Linear layer(store.root() / "linear", 3, 2);
  CHECK(layer(Tensor::ones({4, 5, 3})).shape() == Shape{4, 5, 2});
  CHECK_THROWS_AS(layer(Tensor::ones({4, 5})), Error);
  const nn::Embedding table(store.root() / "embedding", 7, 3);
  const Tensor ids = Tensor::from(std::vector<Index>{6, 0}, {1, 2});
  CHECK(table(ids).shape() == Shape{1, 2, 3});
  CHECK(table(ids).data<float>()[1] == table.weight.data<float>()[6 * 3 + 1]);
  CHECK_THROWS_AS(table(Tensor::from(std::vector<Index>{7}, {1})), Error);
}

TEST_CASE("the padding row of an embedding begins as zeros and gets no gradient") {
  nn::ParameterStore store(1);
  const nn::Embedding table(store.root() / "embedding", 4, 2, 1, -3);
  CHECK(slice(table.weight.detach(), 0, 1, 2).to_vector<float>() == std::vector<float>(2));
  CHECK(table.weight.data<float>()[0] != 0);
  sum(table(Tensor::from(std::vector<Index>{1, 0, 1, 3}, {4}))).backward();
  CHECK(table.weight.grad().to_vector<float>() == std::vector<float>{1, 1, 0, 0, 0, 0, 1, 1});
  CHECK_THROWS_WITH(nn::Embedding(store.root() / "other", 4, 2, 1, 4),
                    Catch::Matchers::ContainsSubstring("Embedding 'other': padding_idx 4") &&
                        Catch::Matchers::ContainsSubstring("which has 4"));
}

TEST_CASE("a recurrent network has the same states for a sentence alone and padded in a batch") {
  const std::vector<Index> lengths{5, 2, 1};
  for (const auto kind : {nn::CellKind::rnn, nn::CellKind::gru, nn::CellKind::lstm}) {
    nn::ParameterStore store(1, DType::f64);
    const nn::Recurrent network(store.root(), {.kind = kind, .in = 3, .hidden = 4, .layers = 2, .bidirectional = true});
    const Tensor x = normal({3, 5, 3}, 1);
    const nn::Sequence together = network(x, mask_of(lengths, 5));
    CHECK(together.outputs.shape() == Shape{3, 5, 8});
    REQUIRE(together.final.size() == 4);
    for (Index row = 0; row < 3; ++row) {
      const Index length = lengths[static_cast<std::size_t>(row)];
      const nn::Sequence alone = network(sentence(x, row, length));
      check_close(alone.outputs, sentence(together.outputs, row, length));
      for (std::size_t c = 0; c < 4; ++c) {
        check_close(alone.final[c].hidden, narrow(together.final[c].hidden, 0, row, 1));
        CHECK(alone.final[c].cell.defined() == (kind == nn::CellKind::lstm));
        if (kind == nn::CellKind::lstm) check_close(alone.final[c].cell, narrow(together.final[c].cell, 0, row, 1));
      }
    }
  }
}

TEST_CASE("padding changes no state and has no gradient") {
  nn::ParameterStore store(1, DType::f64);
  const nn::Recurrent network(store.root(), {.kind = nn::CellKind::gru, .in = 3, .hidden = 4, .bidirectional = true});
  const Tensor mask = mask_of({4, 2}, 4);
  const Tensor x = normal({2, 4, 3}, 1).set_requires_grad();
  const Tensor other = where(unsqueeze(mask, -1), x.detach(), normal({2, 4, 3}, 2));
  const nn::Sequence s = network(x, mask), t = network(other, mask);
  for (std::size_t c = 0; c < 2; ++c)
    CHECK(s.final[c].hidden.to_vector<double>() == t.final[c].hidden.to_vector<double>());
  sum(square(s.outputs)).backward();
  const auto g = x.grad().to_vector<double>();
  for (std::size_t i = 0; i < g.size(); ++i) CHECK((g[i] == 0) == (i >= 4 * 3 + 2 * 3));
}

TEST_CASE("a mask without padding changes no bit") {
  nn::ParameterStore store(1);
  const nn::Recurrent network(store.root(), {.in = 3, .hidden = 4});
  const Tensor x = Tensor::normal({2, 4, 3}, 0, 1, Philox(1, 1));
  CHECK(network(x, Tensor::ones({2, 4})).outputs.to_vector<float>() == network(x).outputs.to_vector<float>());
}

TEST_CASE("a recurrent network has the same states in steps, in two halves and at once") {
  for (const auto kind : {nn::CellKind::rnn, nn::CellKind::gru, nn::CellKind::lstm}) {
    nn::ParameterStore store(1, DType::f64);
    const nn::Recurrent network(store.root(), {.kind = kind, .in = 3, .hidden = 4, .layers = 2});
    const Tensor x = normal({2, 6, 3}, 1);
    const nn::Sequence whole = network(x);

    std::vector<nn::CellState> states = network.zero_states(2);
    for (Index t = 0; t < 6; ++t) {
      states = network.step(select(x, 1, t), states);
      check_close(states.back().hidden, select(whole.outputs, 1, t));
    }
    const nn::Sequence half = network(slice(x, 1, 0, 3));
    check_close(network(slice(x, 1, 3, 6), {}, half.final).final[0].hidden, states[0].hidden);
  }
}

TEST_CASE("a step of a tanh cell follows its equation") {
  nn::ParameterStore store(1, DType::f64);
  const nn::RNNCell cell(store.root(), 3, 4);
  const Tensor x = normal({2, 3}, 1), h = normal({2, 4}, 2);
  const Tensor a = concat({cell.weight_ih, cell.weight_hh}, 1);  // A [x; h]
  check_close(cell(x, {h, {}}).hidden, tanh(linear(concat({x, h}, 1), a, cell.bias_ih + cell.bias_hh)));
}

TEST_CASE("attention weights over the tokens sum to one, and a source of padding gives zeros") {
  nn::ParameterStore store(1, DType::f64);
  const nn::AdditiveAttention additive(store.root() / "additive", 3, 4, 5);
  const nn::Attention qkv(store.root() / "qkv", 3, 4, 5);
  const Tensor s = normal({3, 3}, 1), h = normal({3, 4, 4}, 2), mask = mask_of({4, 2, 0}, 4);
  const auto check = [&](const auto& layer) {
    const nn::KeyValues source = layer.key_values(h, mask);
    const Tensor context = layer.context(s, source), alpha = layer.attention_weights(s, source);
    CHECK(alpha.shape() == Shape{3, 4});
    check_close(sum(alpha, {1}), Tensor::from(std::vector<double>{1, 1, 0}, {3}));
    check_close(alpha * (1 - mask), Tensor::zeros({3, 4}, DType::f64));
    check_close(narrow(context, 0, 2, 1), Tensor::zeros({1, context.size(1)}, DType::f64));
    check_close(layer.context(narrow(s, 0, 1, 1), layer.key_values(sentence(h, 1, 2))), narrow(context, 0, 1, 1));
  };
  check(additive);
  check(qkv);
}

TEST_CASE("several queries give the results of single queries, and self-attention is attention to its own input") {
  nn::ParameterStore store(1, DType::f64);
  const nn::Attention attention(store.root() / "cross", 3, 4, 5);
  const Tensor queries = normal({2, 3, 3}, 1), x = normal({2, 4, 4}, 2), mask = mask_of({4, 2}, 4);
  const Tensor all = attention(x, queries, mask);
  CHECK(all.shape() == Shape{2, 3, 5});
  check_close(select(all, 1, 2), attention.context(select(queries, 1, 2), attention.key_values(x, mask)));

  const nn::SelfAttention self(store.root() / "self", 4, 5);
  check_close(self(x, mask), static_cast<const nn::Attention&>(self)(x, x, mask));
  const Tensor causal = self(x, {}, {.causal = true});
  check_close(narrow(causal, 1, 0, 2), self(narrow(x, 1, 0, 2), {}, {.causal = true}));
}

TEST_CASE("multi-head attention step by step equals causal attention at once") {
  nn::ParameterStore store(1, DType::f64);
  const nn::MultiHeadAttention attention(store.root(), 6, 3);
  const Tensor x = normal({2, 4, 6}, 1);
  const Tensor whole = attention(x, {}, {.causal = true});
  nn::KeyValues past;
  for (Index t = 0; t < 4; ++t) check_close(attention.step(narrow(x, 1, t, 1), past), narrow(whole, 1, t, 1));
  CHECK(past.keys.shape() == Shape{2, 4, 6});
  CHECK_THROWS_WITH(nn::MultiHeadAttention(store.root() / "odd", 6, 4),
                    ContainsSubstring("odd") && ContainsSubstring("4 heads"));
}

TEST_CASE("attention step by step with a relative bias and ALiBi equals causal attention at once") {
  nn::ParameterStore store(1, DType::f64);
  const nn::MultiHeadAttention attention(store.root() / "attention", 6, 3);
  const nn::RelativeBias relative(store.root() / "bias", 3, 2);
  Tensor table = relative.weight.detach();
  for (Index i = 0; i < table.numel(); ++i) table.mutable_data<double>()[i] = std::sin(static_cast<double>(i));
  const auto bias = [&](Index targets, Index sources, Index start) {
    return relative(targets, sources, start) + nn::alibi(3, targets, sources, start, DType::f64);
  };
  const Tensor x = normal({2, 5, 6}, 1), whole = attention(x, {}, {.bias = bias(5, 5, 0), .causal = true});
  nn::KeyValues past;
  for (Index t = 0; t < 5; ++t)
    check_close(attention.step(narrow(x, 1, t, 1), past, {.bias = bias(1, t + 1, t)}), narrow(whole, 1, t, 1));
  // The distance of query 4 to source 0 is beyond the table, and its bias that of the distance -2.
  CHECK(relative(5, 5).data<double>()[4 * 5] == std::sin(0.0));
  CHECK(relative(5, 5).data<double>()[1 * 5] == std::sin(3.0));
}

TEST_CASE("a cell with layer norm norms both of its products") {
  nn::ParameterStore store(1, DType::f64);
  const nn::LSTMCell cell(store.root(), 3, 2, {.norm = true});
  const Tensor x = normal({4, 3}, 1), h = normal({4, 2}, 2), c = normal({4, 2}, 3);
  const auto norm = [](const Tensor& y) { return layer_norm(y, Tensor::ones({8}, DType::f64), {}, 1e-5); };
  const Tensor gates = norm(linear(x, cell.weight_ih)) + norm(linear(h, cell.weight_hh)) + cell.bias();
  const auto [hidden, next] = lstm_gates(gates, c);
  const nn::CellState found = cell(x, {h, c});
  check_close(found.hidden, hidden);
  check_close(found.cell, next);
  CHECK(store.at("norm_hh.weight").shape() == Shape{8});
}

TEST_CASE("with rotary positions a score depends on the distance of query and key alone") {
  const Tensor q = normal({1, 1, 12}, 1), k = normal({1, 1, 12}, 2);
  const auto score = [&](Index query_position, Index key_position) {
    return sum(nn::rotary(q, 2, query_position) * nn::rotary(k, 2, key_position)).item();
  };
  CHECK(score(7, 4) == Approx(score(103, 100)).epsilon(1e-12));
  CHECK(std::abs(score(7, 4) - score(4, 7)) > 1e-3);
  CHECK(std::abs(score(7, 4) - score(8, 4)) > 1e-3);
  // One head of two numbers is rotated by the position itself.
  const Tensor pair = Tensor::from(std::vector<double>{3, 4}, {1, 1, 2});
  const std::vector<double> rotated{3 * std::cos(5.0) - 4 * std::sin(5.0), 4 * std::cos(5.0) + 3 * std::sin(5.0)};
  check_close(nn::rotary(pair, 1, 5), Tensor::from(rotated, {1, 1, 2}));
}

TEST_CASE("attention with rotary positions step by step equals causal attention at once") {
  nn::ParameterStore store(1, DType::f64);
  const nn::MultiHeadAttention attention(store.root(), {.dim = 8, .heads = 2, .rotary = true});
  const Tensor x = normal({2, 5, 8}, 1), whole = attention(x, {}, {.causal = true});
  nn::KeyValues past;
  for (Index t = 0; t < 5; ++t) check_close(attention.step(narrow(x, 1, t, 1), past), narrow(whole, 1, t, 1));
}

TEST_CASE("multiplicative attention computes the products of its paper") {
  nn::ParameterStore store(1, DType::f64);
  const Tensor s = normal({2, 3}, 1), h = normal({2, 4, 3}, 2), mask = mask_of({4, 2}, 4);
  for (const auto form : {nn::ScoreForm::dot, nn::ScoreForm::general}) {
    const nn::MultiplicativeAttention attention(store.root() / (form == nn::ScoreForm::dot ? "dot" : "general"), 3, 3,
                                                form);
    const nn::KeyValues kv = attention.key_values(h, mask);
    const Tensor products = attention.key ? matmul(h, transpose(attention.key->weight)) : h;
    const Tensor alpha = softmax(sum(products * unsqueeze(s, 1), {2}), -1, mask);
    check_close(attention.attention_weights(s, kv), alpha);
    check_close(attention.context(s, kv), sum(unsqueeze(alpha, 2) * h, {1}));
  }
}

TEST_CASE("location-aware attention adds a convolution of the weights before") {
  nn::ParameterStore store(1, DType::f64);
  const nn::LocationAttention attention(store.root(), 2, 3, 4, 1);
  const Tensor s = normal({2, 2}, 1), h = normal({2, 4, 3}, 2);
  const nn::KeyValues kv = attention.key_values(h);
  check_close(attention.located(kv, attention.first_weights(kv)).keys, kv.keys);
  const Tensor before = softmax(normal({2, 4}, 3), -1);
  // conv1d: [batch, 1, source] with the kernels L [dim, 1, 3]
  const Tensor added = conv1d(unsqueeze(before, 1), unsqueeze(attention.location.weight, 1), {}, {.padding = 1});
  check_close(attention.located(kv, before).keys, kv.keys + transpose(added, 1, 2));
}

TEST_CASE("a layer's mask and the padding of its source both hide, whatever their dtypes") {
  nn::ParameterStore store(1, DType::f64);
  const nn::MultiHeadAttention attention(store.root(), 4, 2);
  const Tensor x = normal({2, 3, 4}, 1);
  const Tensor seen = Tensor::from(std::vector<Index>{1, 0, 1, 1, 1, 0, 0, 1, 1}, {3, 3});
  const Tensor alpha = attention.attention_weights(x, attention.key_values(x, mask_of({3, 2}, 3)), {.mask = seen});
  for (Index n = 0; n < 2; ++n) {
    for (Index t = 0; t < 3; ++t) {
      for (Index s = 0; s < 3; ++s) {
        const bool visible = seen.data<Index>()[t * 3 + s] != 0 && (n == 0 || s < 2);
        CHECK((alpha.data<double>()[((n * 2 + 1) * 3 + t) * 3 + s] != 0) == visible);
      }
    }
  }
}

TEST_CASE("dropout of attention weights acts in training only") {
  nn::ParameterStore store(1, DType::f64);
  const nn::MultiHeadAttention attention(store.root(), {.dim = 4, .heads = 2, .dropout = 0.5});
  const Tensor x = normal({2, 3, 4}, 1);
  CHECK_THROWS_WITH(attention(x), ContainsSubstring("nn::Training"));
  const nn::Training off(false);
  const Tensor plain = attention(x);
  const nn::Training on;
  const RandomScope random(1, 2);
  CHECK(sum(abs(attention(x) - plain)).item() > 1e-3);
}

TEST_CASE("before training, layer norm gives rows of mean 0 and variance 1") {
  nn::ParameterStore store(1, DType::f64);
  const nn::LayerNorm norm(store.root(), 8, 0);
  const Tensor y = norm(normal({3, 8}, 1) * 5.0 + 2.0);
  check_close(mean(y, {1}), Tensor::zeros({3}, DType::f64));
  check_close(var(y, {1}, 0), Tensor::ones({3}, DType::f64));
}

TEST_CASE("a forgotten training mode is an error of dropout at the caller's line, and NoGrad evaluates") {
  CHECK_FALSE(nn::Training::on());
  const Tensor x = Tensor::ones({100});
  CHECK(nn::Dropout{0}(x).to_vector<float>() == x.to_vector<float>());
  CHECK_THROWS_WITH(nn::Dropout{0.5}(x), ContainsSubstring("const nn::Training on;"));
  CHECK_THROWS_WITH(nn::Dropout{0.5}(x), ContainsSubstring("nn_layers_test.cpp:" + std::to_string(__LINE__)));
  nn::ParameterStore store(1);
  const nn::FeedForward layer(store.root(), 4, 3, {.dropout = 0.1});
  const Tensor y = Tensor::ones({2, 4});
  CHECK_THROWS_WITH(layer(y), ContainsSubstring("nn_layers_test.cpp:" + std::to_string(__LINE__)));
  {
    const NoGrad evaluating;
    CHECK(nn::Dropout{0.5}(x).to_vector<float>() == x.to_vector<float>());
  }
  const nn::Training off(false);
  CHECK(nn::Dropout{0.5}(x).to_vector<float>() == x.to_vector<float>());
}

TEST_CASE("each thread has its own training mode") {
  const nn::Training on;
  bool on_there = true;
  std::thread([&] { on_there = nn::Training::on(); }).join();
  CHECK_FALSE(on_there);
  CHECK(nn::Training::on());
}

TEST_CASE("dropout acts in training only, and the same seed repeats it") {
  const nn::Dropout half{0.5};
  const Tensor x = Tensor::ones({100});
  const nn::Training on;
  CHECK(nn::Training::on());
  const auto draw = [&] {
    const RandomScope scope(1, 2);
    return half(x).to_vector<float>();
  };
  const std::vector<float> y = draw();
  CHECK(draw() == y);
  Index kept = 0;
  for (const float v : y) {
    CHECK((v == 0 || v == 2));
    kept += v != 0;
  }
  CHECK(kept > 30);
  CHECK(kept < 70);
  {
    const nn::Training off(false);
    CHECK(half(x).to_vector<float>() == x.to_vector<float>());
  }
  CHECK(nn::Training::on());
  CHECK(nn::Dropout{0}(x).to_vector<float>() == x.to_vector<float>());
}

TEST_CASE("shared dropout along an axis that x does not have is refused at the caller's line") {
  const nn::Training on;
  const Tensor x = Tensor::ones({2, 3});
  for (const Index axis : {-100'000, -3, 2, 100'000}) {
    for (const double p : {0.0, 0.5}) {
      CHECK_THROWS_WITH((nn::SharedDropout{p, axis}(x)),
                        ContainsSubstring("axis " + std::to_string(axis) + " is not in f32 [2, 3]") &&
                            ContainsSubstring("nn_layers_test.cpp:"));
    }
  }
  CHECK_THROWS_WITH((nn::SharedDropout{0.5}(Tensor::ones({}))), ContainsSubstring("axis -1 is not in f32 []"));
  CHECK(nn::SharedDropout{0.5, -2}(x).shape() == x.shape());
}

TEST_CASE("sinusoidal positions follow their formula, and a sequence beyond the table is refused") {
  const Tensor table = nn::sinusoidal_table(50, 6, DType::f64);
  const double* p = table.data<double>();
  CHECK(p[0] == 0);
  CHECK(p[1] == 1);
  CHECK(p[7 * 6 + 2] == Approx(std::sin(7 / std::pow(10000, 2.0 / 6))).epsilon(1e-14));
  CHECK(p[7 * 6 + 5] == Approx(std::cos(7 / std::pow(10000, 4.0 / 6))).epsilon(1e-14));
  CHECK(nn::sinusoidal_table(3, 5).shape() == Shape{3, 5});

  nn::ParameterStore store(1, DType::f64);
  const nn::SinusoidalPositions positions(store.root() / "encoder", 4, 6);
  const Tensor x = normal({2, 4, 6}, 1);
  check_close(positions(narrow(x, 1, 3, 1), 3), narrow(positions(x), 1, 3, 1));
  CHECK_THROWS_WITH(positions(x, 1), ContainsSubstring("5 tokens") && ContainsSubstring("4 positions of 'encoder'"));

  const nn::LearnedPositions learned(store.root(), 4, 6);
  check_close(learned(x) - x, expand(unsqueeze(learned.table, 0), {2, 4, 6}));
  CHECK_THROWS_AS(learned(x, 1), Error);
}

TEST_CASE("a Transformer has the same output for a sentence alone and padded in a batch") {
  for (const auto norm : {nn::NormOrder::none, nn::NormOrder::pre, nn::NormOrder::post}) {
    nn::ParameterStore store(1, DType::f64);
    const nn::TransformerOptions options{
        .dim = 6, .heads = 2, .ffn = 8, .norm = norm, .activation = nn::Activation::gelu};
    const nn::TransformerEncoder encoder(store.root() / "encoder", options, 2);
    const nn::TransformerDecoder decoder(store.root() / "decoder", options, 2);
    CHECK(store.contains("encoder.layers.1.linear2.weight"));
    CHECK(store.contains("decoder.layers.1.norm3.weight") == (norm != nn::NormOrder::none));
    CHECK(store.contains("decoder.norm.weight") == (norm == nn::NormOrder::pre));

    const Tensor source = normal({2, 5, 6}, 1), target = normal({2, 4, 6}, 2), mask = mask_of({5, 3}, 5);
    const Tensor h = encoder(source, mask);
    const Tensor alone = encoder(sentence(source, 1, 3));
    check_close(alone, sentence(h, 1, 3));

    const std::vector<nn::KeyValues> kv = decoder.key_values(h, mask);
    const Tensor y = decoder(target, kv);
    check_close(decoder(sentence(target, 1, 2), decoder.key_values(alone)), sentence(y, 1, 2));

    std::vector<nn::KeyValues> past;
    for (Index t = 0; t < 4; ++t) check_close(decoder.step(narrow(target, 1, t, 1), past, kv), narrow(y, 1, t, 1));
  }
}

TEST_CASE("the smallest encoder layer is one head of self-attention alone") {
  nn::ParameterStore store(1, DType::f64);
  const nn::TransformerEncoderLayer layer(store.root(), {.dim = 4, .norm = nn::NormOrder::none, .residual = false});
  CHECK(store.all().size() == 4);
  const Tensor x = normal({2, 3, 4}, 1);
  check_close(layer(x), layer.self_attn(x));
}

TEST_CASE("the sequence loss ignores padding") {
  const Tensor logits = normal({2, 3, 5}, 1).set_requires_grad();
  const Tensor target = Tensor::from(std::vector<Index>{1, 4, 0, 2, 0, 0}, {2, 3});
  CHECK(nn::token_count(target) == 3);
  CHECK(nn::padding_mask(target).to_vector<float>() == std::vector<float>{1, 1, 0, 1, 0, 0});

  const Tensor total = nn::sequence_cross_entropy(logits, target, {.reduction = Reduction::sum});
  const auto p = log_softmax(logits, -1).to_vector<double>();
  CHECK(total.item() == Approx(-(p[1] + p[5 + 4] + p[15 + 2])).epsilon(1e-13));
  CHECK(nn::sequence_cross_entropy(logits, target).item() == Approx(total.item() / 3).epsilon(1e-13));
  total.backward();
  const auto g = logits.grad().to_vector<double>();
  for (std::size_t i = 0; i < g.size(); ++i) CHECK((g[i] == 0) == (target.data<Index>()[i / 5] == 0));
}

TEST_CASE("multi-head attention is called with a query, keys and values as in PyTorch") {
  nn::ParameterStore store(1, DType::f64);
  const nn::MultiHeadAttention attention(store.root(), {.dim = 4, .heads = 2, .kdim = 3, .vdim = 5});
  const Tensor query = normal({2, 4, 4}, 1), key = normal({2, 3, 3}, 2), value = normal({2, 3, 5}, 3);
  const Tensor mask = mask_of({3, 2}, 3), bias = normal({4, 3}, 4);
  const nn::KeyValues source = attention.key_values_from(key, value, mask);
  check_close(attention(query, key, value), attention.context(query, attention.key_values_from(key, value)));
  check_close(attention(query, key, value, mask), attention.context(query, source));
  check_close(attention(query, key, value, mask, {.bias = bias}), attention.context(query, source, {.bias = bias}));
}

}  // namespace gradus::nn_layers_test
