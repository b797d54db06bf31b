#include <gradus/bench/step.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include <gradus/autograd/foundation/internal/stopwatch.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/models/registry.h>
#include <gradus/nn/parameters.h>
#include <gradus/train/internal/suggest.h>
#include <gradus/train/step.h>

namespace gradus::bench {
namespace {

// The sizes that the models share; others are in each model's row of the registry. Large products are divided among
// threads, so base runs one shard, with one block of gradients.
struct Size {
  const char* name;
  Index vocabulary, dim, batch, source, target, shards;
};
constexpr Size sizes[] = {{"tiny", 64, 64, 32, 16, 16, 2},  //
                          {"small", 128, 256, 64, 24, 24, 2},
                          {"base", 8000, 512, 32, 32, 32, 1}};

// Names of models and sizes in other programs' benchmarks, so that these run with the same arguments.
struct Alias {
  std::string_view name, meant;
  nn::CellKind cell = nn::CellKind::rnn;
};
constexpr Alias aliases[] = {{"rnn_attn", "rnn-attention"},
                             {"attn", "attention"},
                             {"lstm", "rnn", nn::CellKind::lstm},
                             {"lstm_attn", "rnn-attention", nn::CellKind::lstm},
                             {"toy", "tiny"}};

Alias meaning_of(std::string_view name) {
  for (const Alias& a : aliases)
    if (a.name == name) return a;
  return {name, name};
}

// Keys that set one or two settings of `gradus train`.
const std::map<std::string, std::vector<std::string>> short_keys = {
    {"dim", {"model.dim", "model.hidden"}},
    {"ffn", {"model.ffn"}},
    {"heads", {"model.heads"}},
    {"layers", {"model.encoder_layers", "model.decoder_layers"}},
    {"batch", {"train.batch"}}};

void check_name(const char* what, std::string_view name, const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  throw train::ConfigError(fmt::format("there is no {} \"{}\" to time: one of {}{}", what, files::shown(name),
                                       fmt::join(names, ", "), train::did_you_mean(name, names)));
}

Index whole_number(const std::string& key, const std::string& text, Index low) {
  constexpr Index high = 1'000'000;
  Index n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size() || n < low || n > high) {
    throw train::ConfigError(
        fmt::format("{} = {} is not allowed: a whole number from {} to {}", key, files::shown(text), low, high));
  }
  return n;
}

constexpr data::Id first_word_id = data::unk_id + 1;

// Ids of words, without the special ones.
std::vector<data::Id> draw_ids(Index count, Index vocabulary, std::uint64_t seed) {
  std::vector<data::Id> ids(static_cast<std::size_t>(count));
  const Philox random(seed, 0);
  for (Index i = 0; i < count; ++i) {
    const auto u = random.uniform(static_cast<std::uint64_t>(i));
    ids[static_cast<std::size_t>(i)] =
        first_word_id + static_cast<data::Id>(u * static_cast<double>(vocabulary - first_word_id));
  }
  return ids;
}

}  // namespace

data::Batch draw_batch(const StepSetup& setup, Index source, Index target, std::uint64_t seed) {
  data::Batch b;
  b.size = setup.run.train.batch;
  b.source_length = source;
  b.target_length = target;
  b.source = draw_ids(b.size * source, setup.vocabulary, 3 * seed);
  b.target_in = draw_ids(b.size * target, setup.vocabulary, 3 * seed + 1);
  b.target_out = draw_ids(b.size * target, setup.vocabulary, 3 * seed + 2);
  for (Index i = 0; i < b.size; ++i) b.rows.push_back(i);
  b.target_tokens = b.size * target;
  return b;
}

std::vector<std::string> step_sizes() {
  std::vector<std::string> names;
  for (const Size& s : sizes) names.emplace_back(s.name);
  return names;
}

StepSetup step_setup(const std::string& model, const std::string& size_name, const std::vector<std::string>& changes) {
  const Alias kind = meaning_of(model), sized = meaning_of(size_name);
  check_name("model", kind.meant, models::model_names());
  check_name("size", sized.meant, step_sizes());
  const Size& size =
      *std::find_if(std::begin(sizes), std::end(sizes), [&](const Size& s) { return s.name == sized.meant; });
  StepSetup s{.model = model,
              .size = size_name,
              .run = {},
              .vocabulary = size.vocabulary,
              .source = size.source,
              .target = size.target};
  models::Seq2SeqOptions& o = s.run.model;
  o.model = kind.meant;
  o.cell = kind.cell;
  o.alignment = models::Alignment::qkv;
  o.dim = o.hidden = size.dim;
  s.run.train.batch = size.batch;
  s.run.train.shards = size.shards;
  s.run.train.lr = 0.001;

  train::Assignments settings;
  const auto& own = models::model_info(o.model).bench_sizes;
  if (const auto found = own.find(size.name); found != own.end()) settings = found->second;
  for (const std::string& change : changes) {
    const auto [key, value] = train::split_assignment(change);
    s.size += "," + change;
    if (key == "vocabulary") {
      s.vocabulary = whole_number(key, value, first_word_id + 1);
    } else if (key == "source" || key == "target") {
      (key == "source" ? s.source : s.target) = whole_number(key, value, 1);
    } else if (const auto keys = short_keys.find(key); keys != short_keys.end()) {
      for (const std::string& full : keys->second) settings.emplace_back(full, value);
    } else {
      settings.emplace_back(key, value);
    }
  }
  s.run = train::overlay(s.run, {.assignments = settings});
  o.max_length = std::max({models::limits::max_length.low, s.source, s.target});
  o.source_vocab = o.target_vocab = s.vocabulary;
  models::check(o);
  return s;
}

models::Cost cost_of(const StepSetup& s) {
  const auto cost = models::model_info(s.run.model.model).cost;
  if (cost == nullptr) return {};
  const auto parts = static_cast<double>(s.run.train.shards * s.run.train.accumulate);
  models::Cost sum = cost(s.run.model, {static_cast<double>(s.run.train.batch) / parts, static_cast<double>(s.source),
                                        static_cast<double>(s.target)});
  for (double* of_a_part : {&sum.multiply_adds, &sum.attention_weights, &sum.kept}) *of_a_part *= parts;
  return sum;
}

StepTimes time_steps(const StepSetup& setup, double seconds, train::Ranks* ranks) {
  nn::ParameterStore store(static_cast<std::uint64_t>(setup.run.train.seed));
  const auto model = models::make_model(store.root(), setup.run.model);
  train::TrainingStep step(*model, store, setup.run.train, ranks);
  std::vector<data::Batch> batches;
  for (std::uint64_t i = 0; i < 8; ++i) batches.push_back(draw_batch(setup, setup.source, setup.target, i));
  StepTimes times;
  times.products = cost_of(setup).multiply_adds;
  times.parameters = store.count();
  Index i = 0;
  const auto run = [&] {
    const auto result = step.run(batches[static_cast<std::size_t>(i % 8)], i, setup.run.train.lr);
    if (i++ == 0) times.first_loss = result.loss;
    times.last_loss = result.loss;
    return result.seconds;
  };
  const auto agreed = [&](bool more) { return ranks == nullptr ? more : ranks->any(ranks->rank() == 0 && more); };
  for (const Stopwatch warm_up; agreed(i < 3 || warm_up.seconds() < 0.15 * seconds);) run();
  for (const Stopwatch all; agreed(times.step.size() < 9 || (all.seconds() < seconds && times.step.size() < 5000));) {
    const Stopwatch one;
    const auto part = run();
    times.step.add(one.seconds());
    times.forward.add(part.forward);
    times.backward.add(part.backward);
    times.clip.add(part.clip);
    times.update.add(part.update);
  }
  times.exchange = step.overlap();
  return times;
}

}  // namespace gradus::bench
