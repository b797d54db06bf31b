#include <cmath>

#include <gradus/autograd/checks/gradcheck.h>
#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/ops.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/losses.h>
#include <gradus/optim/adam.h>

#include "catch.h"
#include "models_variants.h"
#include "scaled.h"

namespace gradus::models_seq2seq_test {

using namespace gradus::models;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("teacher forcing at once and step by step agree in every setting", "[models]") {
  const Tensor source = random_ids({5, 2, 4}, 7, 1), target = random_ids({4, 4, 3}, 6, 2);
  for (const auto& options : all_variants()) {
    INFO(models::describe(options));
    const Built built(options);
    const Tensor at_once = built.model->logits(source, target);
    REQUIRE(at_once.shape() == Shape{3, 4, 6});
    CHECK(largest_difference(at_once, built.model->Seq2Seq::logits(source, target)) < 1e-12);
  }
}

TEST_CASE("padding a source changes no bit of its logits", "[models]") {
  const Tensor target = random_ids({4}, 6, 2);
  const RowInvariant row_invariant;
  for (const auto& options : all_variants()) {
    INFO(models::describe(options));
    const Built built(options, DType::f32);
    const Tensor alone = built.model->logits(random_ids({5}, 7, 1), target);
    CHECK(largest_difference(alone, built.model->logits(random_ids({5}, 7, 1, 11), target)) == 0);
    CHECK(largest_difference(alone, built.model->Seq2Seq::logits(random_ids({5}, 7, 1, 9), target)) == 0);
  }
}

TEST_CASE("the logits and attention weights of a word do not depend on later words", "[models]") {
  const Tensor source = random_ids({5, 3}, 7, 1);
  for (const auto& options : all_variants()) {
    INFO(models::describe(options));
    const Built built(options);
    const Tensor a = Tensor::from(std::vector<Index>{1, 3, 4, 5, 1, 3, 3, 3}, {2, 4});
    const Tensor b = Tensor::from(std::vector<Index>{1, 3, 5, 4, 1, 3, 0, 0}, {2, 4});
    CHECK(largest_difference(narrow(built.model->logits(source, a), 1, 0, 2),
                             narrow(built.model->logits(source, b), 1, 0, 2)) < 1e-14);
    const Tensor of_a = built.model->attention_weights(source, a), of_b = built.model->attention_weights(source, b);
    REQUIRE(of_a.defined() == model_info(options.model).attends);
    if (!of_a.defined()) continue;
    REQUIRE(of_a.shape() == Shape{2, 4, 5});
    CHECK(largest_difference(narrow(of_a, 1, 0, 2), narrow(of_b, 1, 0, 2)) < 1e-14);
  }
}

TEST_CASE("attention maps have all layers and heads, and agree with the attention weights", "[models]") {
  const Tensor source = random_ids({5, 3}, 7, 1), target_in = random_ids({4, 3}, 6, 2);
  for (const auto& options : all_variants()) {
    INFO(models::describe(options));
    const Built built(options);
    const std::vector<AttentionMap> maps = built.model->attention_maps(source, target_in);
    const bool attends = model_info(options.model).attends, all = options.model == "transformer";
    REQUIRE(std::ssize(maps) == (all ? options.encoder_layers + 2 * options.decoder_layers : attends ? 1 : 0));
    for (const AttentionMap& map : maps) {
      const Index queries = map.reads == Reads::source_by_source ? 5 : 4;
      const Index keys = map.reads == Reads::target_by_target ? 4 : 5;
      REQUIRE(map.weights.shape() == Shape{2, all ? options.heads : 1, queries, keys});
      const Tensor rows = sum(map.weights, {-1});
      CHECK(largest_difference(rows, Tensor::ones(rows.shape(), rows.dtype())) < 1e-12);
      // The second source has three tokens, and no position of a target reads a later one.
      if (map.reads != Reads::target_by_target)
        CHECK(sum(narrow(select(map.weights, 0, 1), -1, 3, 2)).item() == 0);
      else
        CHECK(sum(narrow(select(map.weights, 2, 0), -1, 1, 3)).item() == 0);
    }
    if (attends) {
      CHECK(largest_difference(mean(maps.back().weights, {1}), built.model->attention_weights(source, target_in)) <
            1e-14);
    }
  }
}

TEST_CASE("without positions the attention-only model ignores the order of the source", "[models]") {
  Seq2SeqOptions options{.model = "attention", .source_vocab = 8, .target_vocab = 6, .dim = 8};
  const Tensor forward = Tensor::from(std::vector<Index>{3, 4, 5, 6}, {1, 4});
  const Tensor reversed = flip(forward, 1), target = random_ids({3}, 6, 2);
  options.positions = Positions::none;
  const Built without(options);
  CHECK(largest_difference(without.model->logits(forward, target), without.model->logits(reversed, target)) < 1e-14);
  options.positions = Positions::sinusoidal;
  const Built with(options);
  CHECK(largest_difference(with.model->logits(forward, target), with.model->logits(reversed, target)) > 1e-3);
}

namespace {

using Vector = std::vector<double>;

Vector product(const Tensor& matrix, const Vector& x) {
  Vector y(static_cast<std::size_t>(matrix.size(0)), 0.0);
  for (std::size_t r = 0; r < y.size(); ++r)
    for (std::size_t c = 0; c < x.size(); ++c) y[r] += matrix.data<double>()[r * x.size() + c] * x[c];
  return y;
}
Vector row(const Tensor& table, Index r) {
  const double* p = table.data<double>() + r * table.size(1);
  return Vector(p, p + table.size(1));
}
Vector operator+(Vector a, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}
Vector tanh(Vector a) {
  for (double& x : a) x = std::tanh(x);
  return a;
}
double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// s_j = tanh(W_ih x + b_ih + W_hh s + b_hh)
Vector tanh_cell(const nn::ParameterStore& p, const std::string& network, const Vector& x, const Vector& s) {
  return tanh(product(p.at(network + ".weight_ih_l0"), x) + p.at(network + ".bias_ih_l0").to_vector<double>() +
              product(p.at(network + ".weight_hh_l0"), s) + p.at(network + ".bias_hh_l0").to_vector<double>());
}

}  // namespace

TEST_CASE("the recurrent models compute the equations of their headers", "[models]") {
  const std::vector<Index> x{3, 5, 4, 6}, words{1, 4, 5};
  for (int attends = 0; attends < 3; ++attends) {
    Seq2SeqOptions options{
        .model = attends == 0 ? "rnn" : "rnn-attention", .source_vocab = 7, .target_vocab = 6, .dim = 3};
    options.hidden = 5;
    options.cell = nn::CellKind::rnn;
    options.alignment = attends == 1 ? Alignment::additive : Alignment::qkv;
    const Built built(options);
    const auto& p = built.store;

    std::vector<Vector> h;
    for (Index id : x) {
      h.push_back(
          tanh_cell(p, "encoder.network", row(p.at("encoder.embedding.weight"), id), h.empty() ? Vector(5) : h.back()));
    }
    Vector s = h.back(), c(5), expected, expected_weights;
    for (Index id : words) {
      const Vector embedded = row(p.at("decoder.embedding.weight"), id);
      if (attends == 0) {
        s = tanh_cell(p, "decoder.network", embedded, s);
      } else {
        const std::string net = "decoder.network";
        s = tanh(product(p.at(net + ".weight_ih_l0"), embedded) + p.at(net + ".bias_ih_l0").to_vector<double>() +
                 product(p.at(net + ".weight_hh_l0"), s) + p.at(net + ".bias_hh_l0").to_vector<double>() +
                 product(p.at("decoder.context.weight"), c));
        Vector alpha;
        std::vector<Vector> v;
        double total = 0;
        for (const Vector& h_i : h) {
          double score;
          if (options.alignment == Alignment::additive) {
            score = dot(p.at("alignment.score.weight").to_vector<double>(),
                        tanh(product(p.at("alignment.key.weight"), h_i) + product(p.at("alignment.query.weight"), s) +
                             p.at("alignment.query.bias").to_vector<double>()));
            v.push_back(h_i);
          } else {
            score = dot(product(p.at("alignment.key.weight"), h_i), product(p.at("alignment.query.weight"), s)) /
                    std::sqrt(5.0);
            v.push_back(product(p.at("alignment.value.weight"), h_i));
          }
          alpha.push_back(std::exp(score));
          total += alpha.back();
        }
        c = Vector(5);
        for (std::size_t i = 0; i < h.size(); ++i) {
          expected_weights.push_back(alpha[i] / total);
          for (std::size_t d = 0; d < 5; ++d) c[d] += alpha[i] / total * v[i][d];
        }
      }
      Vector read = s;
      if (attends > 0) read.insert(read.end(), c.begin(), c.end());
      const Vector logits = product(p.at("output.weight"), read) + p.at("output.bias").to_vector<double>();
      expected.insert(expected.end(), logits.begin(), logits.end());
    }
    const Tensor source = Tensor::from(x, {1, 4}), target_in = Tensor::from(words, {1, 3});
    CHECK(largest_difference(built.model->logits(source, target_in), Tensor::from(expected, {1, 3, 6})) < 1e-13);
    const Tensor weights = built.model->attention_weights(source, target_in);
    REQUIRE(weights.defined() == (attends > 0));
    if (attends > 0) CHECK(largest_difference(weights, Tensor::from(expected_weights, {1, 3, 4})) < 1e-13);
  }
}

TEST_CASE("each kind of positions makes the transformer's encoder read the order of the source", "[models]") {
  Seq2SeqOptions options{.model = "transformer", .source_vocab = 8, .target_vocab = 6, .dim = 8};
  const Tensor forward = Tensor::from(std::vector<Index>{3, 4, 5, 6}, {1, 4});
  const Tensor reversed = flip(forward, 1), target = random_ids({3}, 6, 2);
  using enum Positions;
  for (auto positions : {none, sinusoidal, learned, rotary, relative, alibi}) {
    INFO(positions_names[static_cast<std::size_t>(positions)]);
    options.positions = positions;
    const Built built(options);
    const double difference =
        largest_difference(built.model->logits(forward, target), built.model->logits(reversed, target));
    CHECK((difference > 1e-5) == (positions != none));
  }
}

TEST_CASE("the gradient of every parameter in every setting is the derivative of the loss", "[models]") {
  const Tensor source = random_ids({4, 2}, 7, 1), in = random_ids({3, 2}, 6, 2);
  const Tensor out = Tensor::from(std::vector<Index>{3, 4, 2, 5, 2, 0}, {2, 3});
  for (const auto& options : shared(all_variants(), 1)) {
    INFO(models::describe(options));
    const Built built(options);
    const GradcheckReport report =
        check_module([&](const auto&) { return nn::sequence_cross_entropy(built.model->logits(source, in), out); },
                     built.store.trainable(), {},
                     {.step = 1.0 / 1024, .full_jacobian = 0, .directions = scaled(3), .allow_kinks = true});
    INFO(to_string(report));
    CHECK(report.passed());
  }
}

TEST_CASE("tied embeddings are one parameter", "[models]") {
  Seq2SeqOptions options{.model = "transformer", .source_vocab = 9, .target_vocab = 8, .dim = 4};
  const Built apart(options);
  options.tied = true;
  const Built tied(options);
  CHECK(apart.store.count() - tied.store.count() == 8 * 4);
  CHECK(tied.store.at("output.weight").storage() == tied.store.at("decoder.embedding.weight").storage());
}

TEST_CASE("dropout acts in training only", "[models]") {
  const Tensor source = random_ids({4, 3}, 7, 1), target = random_ids({3, 3}, 6, 2);
  for (auto options : all_variants()) {
    INFO(models::describe(options));
    const Built plain(options);
    options.dropout = 0.5;
    const Built dropping(options);
    CHECK_THROWS_WITH(dropping.model->logits(source, target), ContainsSubstring("nn::Training"));
    {
      const nn::Training evaluating(false);
      CHECK(largest_difference(plain.model->logits(source, target), dropping.model->logits(source, target)) == 0);
    }
    const nn::Training training;
    const RandomScope random(1, 1);
    CHECK(largest_difference(plain.model->logits(source, target), dropping.model->logits(source, target)) > 1e-3);
  }
}

TEST_CASE("dropout of words and of attention weights acts in training only", "[models]") {
  const Tensor source = random_ids({4, 3}, 7, 1), target = random_ids({3, 3}, 6, 2);
  Seq2SeqOptions options{.source_vocab = 7, .target_vocab = 6, .dim = 4};
  options.hidden = 4;
  for (const auto& name : model_names()) {
    INFO(name);
    options.model = name;
    const Built plain(options);
    Seq2SeqOptions of_words = options, of_weights = options;
    of_words.word_dropout = of_weights.attention_dropout = 0.5;
    const Built words(of_words), weights(of_weights);
    const auto difference = [&](const Built& built) {
      return largest_difference(plain.model->logits(source, target), built.model->logits(source, target));
    };
    {
      const nn::Training evaluating(false);
      CHECK(difference(words) == 0);
      CHECK(difference(weights) == 0);
    }
    const nn::Training training;
    const RandomScope random(1, 1);
    CHECK(difference(words) > 1e-3);
    CHECK((difference(weights) > 1e-3) == (name == "transformer"));
  }
}

TEST_CASE("an option out of range is refused by name", "[models]") {
  Seq2SeqOptions good{.model = "transformer", .source_vocab = 9, .target_vocab = 8, .dim = 4};
  auto refused = [&](auto change, const char* option) {
    Seq2SeqOptions o = good;
    change(o);
    nn::ParameterStore store(1);
    CHECK_THROWS_WITH(make_model(store.root(), o), ContainsSubstring(option));
    CHECK(store.all().empty());
  };
  refused([](auto& o) { o.model = "lstm"; }, "rnn-attention, attention, transformer");
  refused([](auto& o) { o.source_vocab = 0; }, "source_vocab is 0");
  refused([](auto& o) { o.target_vocab = -1; }, "target_vocab is -1");
  refused([](auto& o) { o.dim = 0; }, "dim is 0");
  refused([](auto& o) { o.hidden = 0; }, "hidden is 0");
  refused([](auto& o) { o.encoder_layers = 0; }, "encoder_layers is 0");
  refused([](auto& o) { o.decoder_layers = 1000; }, "decoder_layers is 1000");
  refused([](auto& o) { o.positions = Positions(99); }, "positions is 99; it must be between 0 and 5");
  refused([](auto& o) { o.cell = nn::CellKind(3); }, "cell is 3; it must be between 0 and 2");
  refused([](auto& o) { o.norm = nn::NormOrder(9); }, "norm is 9");
  refused([](auto& o) { o.alignment = Alignment(9); }, "alignment is 9");
  refused([](auto& o) { o.model = "attention", o.positions = Positions(99); }, "positions is 99");
  refused([](auto& o) { o.dropout = 1; }, "dropout is 1");
  refused([](auto& o) { o.dropout = NAN; }, "dropout is nan");
  refused([](auto& o) { o.word_dropout = 1; }, "word_dropout is 1");
  refused([](auto& o) { o.attention_dropout = -0.1; }, "attention_dropout is -0.1");
  for (const char* model : {"rnn", "attention"}) {
    refused(
        [=](auto& o) {
          o.model = model;
          o.copy = true;
        },
        "cannot copy");
  }
  refused([](auto& o) { o.max_length = 0; }, "max_length is 0");
  refused([](auto& o) { o.heads = 3; }, "heads is 3");
  refused([](auto& o) { o.max_distance = -1; }, "max_distance is -1");
  refused(
      [](auto& o) {
        o.heads = 4;
        o.positions = Positions::rotary;
      },
      "dim 4 and heads 4 give 1");
  refused(
      [](auto& o) {
        o.model = "attention";
        o.positions = Positions::alibi;
      },
      "choose none, sinusoidal or learned");
  refused(
      [](auto& o) {
        o.model = "rnn-attention";
        o.alignment = Alignment::dot;
        o.bidirectional = true;
      },
      "alignment to general");
  refused([](auto& o) { o.ffn = -1; }, "ffn is -1");
  refused(
      [](auto& o) {
        o.model = "rnn-attention";
        o.tied = true;
      },
      "tied");
}

TEST_CASE("a sequence longer than the positions is refused with its length, the limit and a remedy", "[models]") {
  for (const char* model : {"attention", "transformer"}) {
    Seq2SeqOptions options{.model = model, .source_vocab = 9, .target_vocab = 9, .dim = 4};
    options.max_length = 5;
    for (auto positions : {Positions::sinusoidal, Positions::learned}) {
      options.positions = positions;
      const Built built(options);
      const Tensor six = random_ids({6}, 9, 1), five = random_ids({5}, 9, 1);
      CHECK_NOTHROW(built.model->logits(five, five));
      CHECK_THROWS_WITH(built.model->logits(six, five),
                        ContainsSubstring("6 tokens") && ContainsSubstring("5 positions") &&
                            ContainsSubstring("encoder") && ContainsSubstring("max_length"));
      CHECK_THROWS_WITH(built.model->logits(five, six), ContainsSubstring("decoder"));
    }
    for (auto positions : {Positions::none, Positions::rotary, Positions::relative, Positions::alibi}) {
      if (options.model == "attention" && positions != Positions::none) continue;
      options.positions = positions;
      CHECK_NOTHROW(Built(options).model->logits(random_ids({9}, 9, 1), random_ids({9}, 9, 1)));
    }
  }
}

TEST_CASE("each kind of model memorises four pairs", "[models]") {
  const Tensor source = Tensor::from(std::vector<Index>{3, 4, 5, 2, 4, 5, 3, 2, 5, 3, 2, 0, 3, 2, 0, 0}, {4, 4});
  const Tensor target_in = Tensor::from(std::vector<Index>{1, 3, 4, 5, 1, 4, 5, 3, 1, 5, 3, 0, 1, 3, 0, 0}, {4, 4});
  const Tensor target_out = Tensor::from(std::vector<Index>{3, 4, 5, 2, 4, 5, 3, 2, 5, 3, 2, 0, 3, 2, 0, 0}, {4, 4});
  for (const auto& name : model_names()) {
    INFO(name);
    Seq2SeqOptions options{.model = name, .source_vocab = 6, .target_vocab = 6, .dim = 32};
    options.hidden = 24;
    options.residual = true;
    const Built built(options, DType::f32);
    optim::Adam adam(built.store.trainable());
    for (int step = 0; step < 1000; ++step) {
      nn::sequence_cross_entropy(built.model->logits(source, target_in), target_out).backward();
      adam.step(/*lr=*/0.01);
      adam.zero_grad();
    }
    const auto learnt = argmax(built.model->logits(source, target_in), -1).to_vector<Index>();
    const auto wanted = target_out.to_vector<Index>();
    for (std::size_t i = 0; i < wanted.size(); ++i) CHECK((wanted[i] == 0 || learnt[i] == wanted[i]));
  }
}

}  // namespace gradus::models_seq2seq_test
