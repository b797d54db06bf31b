#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <numeric>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/models/decode.h>
#include <gradus/train/decode.h>
#include <gradus/train/internal/gradient_exchange.h>
#include <gradus/train/internal/rank_check.h>
#include <gradus/train/internal/together.h>
#include <gradus/train/trainer.h>

#include "catch.h"
#include "data_scratch.h"
#include "small_run.h"
#include "thread_ranks.h"

namespace gradus::train::train_ranks_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;

// A run on ranks, from its start or its last checkpoint, for at most `steps` steps.
void train_on_ranks(Index ranks, const RunConfig& config, const std::filesystem::path& path, Index steps = 1 << 20,
                    bool shard_optimizer = false) {
  ThreadRanks::run(ranks, [&](Ranks& own) {
    own.shard_optimizer = shard_optimizer;
    const bool writes = own.rank() == 0;
    Dataset dataset = load_dataset(config);
    Run run = make_run(dataset.config, dataset.source, dataset.target);
    Trainer trainer(run, dataset, &own);
    std::optional<RunDirectory> directory;
    const bool exists = RunDirectory::exists(path);
    own.any(false);  // no rank makes the folder before this
    if (writes && exists) directory = RunDirectory::reopen(path);
    if (writes && !exists) directory = RunDirectory::create(path, dataset.config, dataset.source, dataset.target);
    if (exists) trainer.resume(RunDirectory::open(path));
    Progress progress = Progress::silent();
    const Index last = trainer.position().step + steps;
    // The last rank alone stops all.
    const bool stops = own.rank() + 1 == ranks;
    trainer.run(progress, directory ? &*directory : nullptr, [&] { return stops && trainer.position().step >= last; });
  });
}

RunConfig eight_shards(Assignments more = {}) {
  more.insert(more.begin(), {"train.shards", "8"});
  return small(more);
}

std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("ranks add shards in the tree of one process, whatever their numbers") {
  constexpr Index numel = 1000;
  for (const Index shards : {3, 8}) {
    const auto value = [](Index shard, Index i) {
      return static_cast<float>(Philox(7, static_cast<std::uint64_t>(shard)).uniform(static_cast<std::uint64_t>(i)));
    };
    for (const Index used : {Index{1}, shards - 1, shards}) {
      std::vector<std::vector<float>> values;
      std::vector<float*> at;
      for (Index k = 0; k < used; ++k) {
        std::vector<float>& of_shard = values.emplace_back();
        for (Index i = 0; i < numel; ++i) of_shard.push_back(value(k, i));
      }
      for (std::vector<float>& v : values) at.push_back(v.data());
      add_in_order(at, ShardTree(shards, used, 1).inside(0), 0, numel);
      for (const Index ranks : {Index{1}, Index{2}, Index{3}, shards}) {
        ThreadRanks::run(ranks, [&](Ranks& own) {
          const Span all = cut({0, shards}, ranks)[static_cast<std::size_t>(own.rank())];
          std::vector<Tensor> blocks;
          for (Index k = all.begin; k < all.end; ++k) {
            std::vector<float> mine;
            for (Index i = 0; i < numel; ++i) mine.push_back(value(k, i));
            blocks.push_back(Tensor::from(mine));
          }
          GradientExchange exchange(own, shards, blocks, {{600, numel}, {5, 600}, {0, 5}});
          exchange.begin(used);
          const Span mine = exchange.shards_of(own.rank());
          for (Index k = mine.begin; k < mine.end; ++k)
            for (std::size_t b = 0; b < 2; ++b) exchange.complete(b);
          exchange.complete_rest();
          exchange.finish();
          if (blocks[0].to_vector<float>() != values[0])
            throw Error(fmt::format("{} shards, {} used, {} ranks", shards, used, ranks));
        });
      }
    }
  }
}

TEST_CASE("a run on 1, 2, 4 and 8 ranks with 1 and 2 threads writes the same files") {
  const Scratch scratch;
  const RunConfig config = eight_shards({{"train.epochs", "1"},
                                         {"data.pairs", "45"},
                                         {"train.evaluate_every", "3"},
                                         {"train.log_every", "2"},
                                         {"train.average", "0.9"},
                                         {"train.accumulate", "2"},
                                         {"train.schedule", "plateau"},
                                         {"train.decay_every", "1"},
                                         {"train.clip", "0.1"},
                                         {"train.freeze", "encoder"},
                                         {"train.keep", "2"},
                                         {"train.keep_best", "2"},
                                         {"train.scheduled_sampling", "0.5"},
                                         {"train.r_drop", "0.5"}});
  undisturbed(config, scratch.folder() / "one");
  for (const int threads : {1, 2}) {
    set_threads(threads);
    for (const Index ranks : {1, 2, 4, 8}) {
      const auto path = scratch.folder() / fmt::format("{}-{}", ranks, threads);
      train_on_ranks(ranks, config, path);
      CAPTURE(ranks, threads);
      check_same_files(scratch.folder() / "one", path);
    }
  }
  set_threads(0);
}

TEST_CASE("ranks whose numbers do not divide the shards or the batch write the same files") {
  const Scratch scratch;
  const RunConfig config =
      small({{"train.shards", "7"}, {"train.batch", "5"}, {"data.pairs", "24"}, {"train.epochs", "1"}});
  undisturbed(config, scratch.folder() / "one");
  for (const Index ranks : {3, 7}) {
    train_on_ranks(ranks, config, scratch.folder() / fmt::format("{}", ranks));
    CAPTURE(ranks);
    check_same_files(scratch.folder() / "one", scratch.folder() / fmt::format("{}", ranks));
  }
}

TEST_CASE("a run that continues on other numbers of ranks writes the same files") {
  const Scratch scratch;
  const RunConfig config = eight_shards({{"train.average", "0.9"}, {"data.pairs", "45"}});
  undisturbed(config, scratch.folder() / "one");
  for (const Index ranks : {3, 1, 8, 2}) train_on_ranks(ranks, config, scratch.folder() / "parts", 3);
  go_on(scratch.folder() / "parts");
  check_same_files(scratch.folder() / "one", scratch.folder() / "parts");
}

TEST_CASE("ranks that share the state of the optimiser write the same files") {
  const Scratch scratch;
  const RunConfig config = eight_shards({{"train.average", "0.9"}, {"data.pairs", "45"}, {"train.freeze", "encoder"}});
  undisturbed(config, scratch.folder() / "one");
  for (const Index ranks : {3, 2}) train_on_ranks(ranks, config, scratch.folder() / "parts", 5, true);
  train_on_ranks(1, config, scratch.folder() / "parts", 2);
  train_on_ranks(4, config, scratch.folder() / "parts", 1 << 20, true);
  check_same_files(scratch.folder() / "one", scratch.folder() / "parts");
  const Dataset dataset = load_dataset(config);
  CHECK_THAT(error_of([&] {
               ThreadRanks::run(3, [&](Ranks& own) {
                 own.shard_optimizer = true;
                 nn::ParameterStore store(1);
                 static_cast<void>(store.root().zeros("only", {4}));
                 TrainingStep(store, dataset.config.train, &own);
               });
             }),
             ContainsSubstring("3 ranks are too many to share the state of 1 parameters"));
}

TEST_CASE("the state of a shared optimiser is whole on rank 0 alone") {
  const RunConfig config = eight_shards();
  std::mutex mutex;
  std::vector<std::size_t> counts(3);
  ThreadRanks::run(3, [&](Ranks& own) {
    own.shard_optimizer = true;
    nn::ParameterStore store(1);
    for (const char* name : {"a", "b", "c", "d"}) static_cast<void>(store.root().zeros(name, {4}));
    const TrainingStep step(store, config.train, &own);
    const optim::State state = step.optimizer_state();
    const optim::State of_rank = step.optimizer().state();
    if (own.rank() > 0 && state.size() != of_rank.size()) throw Error("more than the state of the rank");
    const std::lock_guard lock(mutex);
    counts[static_cast<std::size_t>(own.rank())] = state.size();
  });
  nn::ParameterStore store(1);
  for (const char* name : {"a", "b", "c", "d"}) static_cast<void>(store.root().zeros(name, {4}));
  CHECK(counts[0] == TrainingStep(store, config.train).optimizer_state().size());
  CHECK(counts[1] < counts[0]);
  CHECK(counts[2] < counts[0]);
}

TEST_CASE("a fast reduction gives nearly the same parameters") {
  const Scratch scratch;
  const RunConfig config = eight_shards({{"data.pairs", "45"}, {"train.epochs", "1"}});
  undisturbed(config, scratch.folder() / "one");
  const files::Safetensors exact = read_checkpoint(scratch.folder() / "one" / "last.safetensors");
  ThreadRanks::run(3, [&](Ranks& own) {
    own.fast_reduce = true;
    const Dataset dataset = load_dataset(config);
    Run run = make_run(dataset.config, dataset.source, dataset.target);
    Trainer trainer(run, dataset, &own);
    Progress progress = Progress::silent();
    trainer.run(progress);
    for (const nn::Parameter& p : run.store->all()) {
      const std::vector<float> a = exact.find(p.path).to_vector<float>(), b = p.tensor.to_vector<float>();
      for (std::size_t i = 0; i < a.size(); ++i)
        if (!(std::abs(a[i] - b[i]) < 1e-3)) throw Error(p.path);
    }
  });
}

TEST_CASE("more ranks than shards are refused") {
  const RunConfig config = small({{"train.shards", "2"}});
  CHECK_THAT(error_of([&] { train_on_ranks(3, config, Scratch().folder() / "run"); }),
             ContainsSubstring("3 ranks cannot share the shards of train.shards = 2") &&
                 ContainsSubstring("--set train.shards=3"));
}

TEST_CASE("ranks that differ are refused before anything is trained") {
  const auto refused = [](const RunConfig& first, const RunConfig& second) {
    return error_of([&] {
      ThreadRanks::run(2, [&](Ranks& own) {
        const Dataset dataset = load_dataset(own.rank() == 0 ? first : second);
        Run run = make_run(dataset.config, dataset.source, dataset.target);
        Trainer trainer(run, dataset, &own);
        Progress progress = Progress::silent();
        trainer.run(progress);
      });
    });
  };
  CHECK_THAT(refused(small(), small({{"train.lr", "0.5"}})),
             ContainsSubstring("rank 1 of 2 differs from rank 0 of 2 in the setting train.lr: 0.5, not 0.002"));
  CHECK_THAT(refused(small(), small({{"data.pairs", "121"}})), ContainsSubstring("rank 1 of 2 differs"));

  const auto differs = [](const std::vector<Fact>& first, const std::vector<Fact>& second) {
    return error_of(
        [&] { ThreadRanks::run(3, [&](Ranks& own) { check_same(own, own.rank() == 2 ? second : first); }); });
  };
  CHECK(differs({{"the build", "a"}, {"b", ""}}, {{"the build", "a"}, {"b", ""}}) == "no error");
  CHECK(differs({{"the build", "a"}}, {{"the build", "b"}}) ==
        "rank 2 of 3 differs from rank 0 of 3 in the build: b, not a; start all ranks with the same");
  CHECK(differs({{"the build", "a"}}, {}) == "rank 2 of 3 differs from rank 0 of 3 in the number of its settings");
}

TEST_CASE("an error on one rank is thrown on all, with the name of the rank") {
  std::atomic<int> named = 0;
  CHECK(error_of([&] {
          ThreadRanks::run(3, [&](Ranks& own) {
            try {
              together(&own, [&] {
                if (own.rank() == 1) throw Error("the disk is full");
              });
            } catch (const Error& e) {
              if (std::string(e.what()) == "rank 1 of 3: the disk is full") ++named;
            }
          });
        }) == "no error");
  CHECK(named == 2);
  CHECK_THROWS_AS(ThreadRanks::run(2,
                                   [&](Ranks& own) {
                                     together(&own, [&] {
                                       if (own.rank() == 1) throw models::Stopped();
                                     });
                                   }),
                  models::Stopped);
}

TEST_CASE("a rank that hangs is named") {
  std::mutex held;
  const std::lock_guard hang(held);
  std::string text;
  ThreadRanks::run(3, [&](Ranks& own) {
    own.timeout = 0;
    if (own.rank() == 2) return;
    try {
      own.any(false);
    } catch (const RankLost& e) {
      if (own.rank() == 0) text = e.what();
    }
  });
  CHECK_THAT(text, ContainsSubstring("rank 2 of 3") && ContainsSubstring("no answer for 0 s"));
}

TEST_CASE("ranks decode in order, with the bits of one process") {
  const Dataset dataset = load_dataset(small());
  const Run run = make_run(dataset.config, dataset.source, dataset.target);
  models::Sentences sources;
  for (Index i = 0; i < 11; ++i)
    sources.push_back(source_ids(dataset.source, dataset.references[static_cast<std::size_t>(i % 10)].source));
  const models::DecodeOptions options{.beam = 3, .n_best = 2, .max_length = 9, .attention_weights = true};
  const auto alone = models::decode(*run.model, sources, options);
  for (const Index ranks : {1, 2, 12}) {
    ThreadRanks::run(ranks, [&](Ranks& own) {
      const auto found = decode(&own, *run.model, sources, options);
      for (std::size_t i = 0; i < alone.size(); ++i) {
        for (std::size_t j = 0; j < alone[i].size(); ++j) {
          const models::Hypothesis &a = alone[i][j], &b = found.at(i).at(j);
          if (a.ids != b.ids || a.score != b.score || a.log_probability != b.log_probability ||
              a.word_log_probabilities != b.word_log_probabilities || a.finished != b.finished ||
              a.attention_weights.to_vector<float>() != b.attention_weights.to_vector<float>())
            throw Error(fmt::format("source {}, hypothesis {}", i, j));
        }
      }
    });
  }
}

TEST_CASE("a loop of one's own adds gradients over ranks") {
  ThreadRanks::run(3, [&](Ranks& own) {
    Tensor w = Tensor::from({1.0, 2.0}).set_requires_grad(), unused = Tensor::from({1.0}).set_requires_grad();
    sum(w * static_cast<double>(own.rank() + 1)).backward();
    sum_gradients(own, {w, unused});
    if (w.grad().to_vector<double>() != std::vector<double>{6, 6} ||
        unused.grad().to_vector<double>() != std::vector<double>{0})
      throw Error("wrong sum");
  });
}

}  // namespace gradus::train::train_ranks_test
