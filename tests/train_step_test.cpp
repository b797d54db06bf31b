#include <cmath>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/nn/training.h>
#include <gradus/train/internal/scheduled_sampling.h>

#include "small_run.h"

// Scheduled sampling, and R-Drop.
namespace gradus::train::train_step_test {
namespace {

using Catch::Matchers::ContainsSubstring;

// Its most probable next word is always `word`, and padding, start and end are more probable still.
class Constant : public models::Seq2Seq {
 public:
  Constant(Index word, Index words) : word_(word), words_(words) {}
  models::State encode(const Tensor&) const override { return {}; }
  models::Step step(const Tensor&, const models::State& state) const override { return {Tensor(), state}; }
  Tensor logits(const Tensor&, const Tensor& target_in) const override {
    CHECK(!grad_enabled());
    CHECK(!nn::Training::on());
    Tensor all = Tensor::zeros({target_in.size(0), target_in.size(1), words_});
    for (Index i = 0; i < target_in.numel(); ++i) {
      float* row = all.mutable_data<float>() + i * words_;
      row[data::pad_id] = row[data::bos_id] = row[data::eos_id] = 9;
      row[word_] = 5;
    }
    return all;
  }

 private:
  Index word_, words_;
};

Assignments with(const std::string& model, Assignments more) {
  Assignments all = {{"model.name", model}, {"train.epochs", "0"}, {"train.steps", "8"}, {"data.pairs", "40"}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<float> parameters_after(const RunConfig& config, int thread_count) {
  set_threads(thread_count);
  Trained t(config);
  Progress progress = Progress::silent();
  t.trainer.run(progress);
  set_threads(0);
  const Tensor block = t.run.store->block();
  return block.to_vector<float>();
}

TrainingStep::Result one_step(const Assignments& assignments, double progress) {
  Trained t(small(assignments));
  TrainingStep step(*t.run.model, *t.run.store, t.config.train);
  return step.run(data::make_batch(t.dataset.train, {0, 1, 2, 3, 4}), 0, 0.0, progress);
}

}  // namespace

TEST_CASE("predictions replace inputs of the decoder, but not the start and padding") {
  const std::vector<data::EncodedPair> pairs = {{{4, 5}, {4, 5, 6}}, {{4}, {6}}};
  const data::Batch whole = data::make_batch(pairs, {0, 1});
  const auto mixed = [&](double share) {
    data::Batch batch = whole;
    const RandomScope random(1, 2);
    mix_predictions(batch, share, Constant(7, 8));
    CHECK(batch.target_out == whole.target_out);
    return batch.target_in;
  };
  CHECK(whole.target_in == std::vector<data::Id>{1, 4, 5, 6, 1, 6, 0, 0});
  CHECK(mixed(1) == std::vector<data::Id>{1, 7, 7, 7, 1, 7, 0, 0});
  CHECK(mixed(0) == whole.target_in);
}

TEST_CASE("the share of predictions is that asked for") {
  const data::Batch batch = data::make_batch({{{4}, std::vector<data::Id>(4000, 4)}}, {0});
  data::Batch mixed = batch;
  const RandomScope random(1, 2);
  mix_predictions(mixed, 0.3, Constant(5, 6));
  const auto changed = std::count(mixed.target_in.begin(), mixed.target_in.end(), 5);
  CHECK(std::abs(static_cast<double>(changed) / 4000 - 0.3) < 0.03);  // four standard deviations
}

TEST_CASE("scheduled sampling rises with training, and costs nothing at its start") {
  for (const char* model : {"rnn-attention", "transformer"}) {
    const Assignments none = with(model, {{"model.dropout", "0"}}),
                      half = with(model, {{"model.dropout", "0"}, {"train.scheduled_sampling", "1"}});
    CAPTURE(model);
    CHECK(one_step(half, 0).loss == one_step(none, 0).loss);
    CHECK(one_step(half, 1).loss != one_step(none, 1).loss);
    CHECK(one_step(none, 1).loss == one_step(none, 0).loss);
  }
}

TEST_CASE("scheduled sampling and R-Drop give the same bits at any number of threads, with shards and parts") {
  for (const char* model : {"rnn-attention", "transformer"}) {
    const RunConfig config = small(with(model, {{"train.scheduled_sampling", "0.8"},
                                                {"train.r_drop", "1"},
                                                {"train.shards", "3"},
                                                {"train.accumulate", "2"}}));
    const std::vector<float> one = parameters_after(config, 1);
    CAPTURE(model);
    CHECK(parameters_after(config, 2) == one);
    CHECK(parameters_after(config, 8) == one);
    CHECK(parameters_after(small(with(model, {{"train.shards", "3"}, {"train.accumulate", "2"}})), 2) != one);
  }
}

TEST_CASE("the loss of R-Drop is that of its paper, halved") {
  const RunConfig config = small(with("transformer", {{"train.r_drop", "3"}, {"train.shards", "1"}}));
  Trained t(config);
  TrainingStep step(*t.run.model, *t.run.store, t.config.train);
  const data::Batch batch = data::make_batch(t.dataset.train, {0, 1, 2, 3, 4});

  // The same two passes.
  const auto [a, b] = [&] {
    const RandomScope random(static_cast<std::uint64_t>(config.train.seed), 0);
    const nn::Training on;
    const NoGrad no_grad;
    const Tensor source = Tensor::from(batch.source, {batch.size, batch.source_length}),
                 target_in = Tensor::from(batch.target_in, {batch.size, batch.target_length});
    const Tensor first = t.run.model->logits(source, target_in);
    return std::pair(first, t.run.model->logits(source, target_in));
  }();
  const Index words = a.size(-1);
  const auto probabilities = [&](const Tensor& logits, Index i) {
    std::vector<double> p(static_cast<std::size_t>(words));
    double sum = 0;
    for (Index w = 0; w < words; ++w)
      sum += p[static_cast<std::size_t>(w)] = std::exp(static_cast<double>(logits.data<float>()[i * words + w]));
    for (double& v : p) v /= sum;
    return p;
  };
  double entropy = 0, divergence = 0;
  for (Index i = 0; i < batch.size * batch.target_length; ++i) {
    const data::Id target = batch.target_out[static_cast<std::size_t>(i)];
    if (target == data::pad_id) continue;
    const std::vector<double> p = probabilities(a, i), q = probabilities(b, i);
    entropy -= std::log(p[static_cast<std::size_t>(target)]) + std::log(q[static_cast<std::size_t>(target)]);
    for (std::size_t w = 0; w < p.size(); ++w)
      divergence += p[w] * std::log(p[w] / q[w]) + q[w] * std::log(q[w] / p[w]);
  }
  const double expected = (entropy + 3 * divergence / 2) / 2 / static_cast<double>(batch.target_tokens);
  CHECK(divergence > 0.01);
  CHECK(step.run(batch, 0, 0.0).loss == Approx(expected).epsilon(1e-5));
}

TEST_CASE("R-Drop without dropout is refused") {
  CHECK_THROWS_WITH(small({{"train.r_drop", "1"}, {"model.dropout", "0"}}),
                    ContainsSubstring("train.r_drop compares two passes with different dropout"));
  CHECK_NOTHROW(small({{"train.r_drop", "1"}, {"model.dropout", "0"}, {"model.word_dropout", "0.1"}}));
}

TEST_CASE("a batch of pairs whose lists do not fit its size is refused before a step") {
  const Trained t(small({}));
  TrainingStep step(*t.run.model, *t.run.store, t.config.train);
  const data::Batch good = data::make_batch(t.dataset.train, {0, 1, 2, 3});
  const auto refused = [&](auto change, const char* message) {
    data::Batch batch = good;
    change(batch);
    CHECK_THROWS_WITH(step.run(batch, 0, 0.1), ContainsSubstring(message));
  };
  refused([](data::Batch& b) { b.size = 100'000; }, "of a batch has");
  refused([](data::Batch& b) { b.rows.clear(); }, "rows of a batch has 0 entries; expected 4 rows of 1");
  for (const double progress : {-0.5, 1.5, std::nan("")})
    CHECK_THROWS_WITH(step.run(good, 0, 0.1, progress), ContainsSubstring("expected a share from 0 to 1"));
}

TEST_CASE("the names of rows that are not there are refused") {
  CHECK(names_of_rows("pairs", {5, 17, 3}, 1, 3) == "training pairs 17, 3");
  constexpr std::pair<Index, Index> cases[] = {{0, 9}, {-5, -1}, {2, 1}};
  for (const auto& [begin, end] : cases)
    CHECK_THROWS_WITH(names_of_rows("pairs", {1, 2}, begin, end), ContainsSubstring("are not all in a batch of 2"));
}

}  // namespace gradus::train::train_step_test
