#include <gradus/bench/step.h>

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <map>

#include <gradus/autograd/foundation/random.h>
#include <gradus/models/registry.h>
#include <gradus/nn/parameters.h>
#include <gradus/train/internal/suggest.h>
#include <gradus/train/step.h>

namespace gradus::bench {
namespace {

// How a batch is cut goes with its size: large products are divided among the threads, and need one block of gradients
// alone; a Transformer's many activations are those of half a shard at a time.
struct Sizes {
  const char* config;
  Index vocabulary, dim, batch, source, target, heads, ffn, layers;
  Index shards, transformer_parts;
};
constexpr std::array<Sizes, 3> sizes = {{{"toy", 64, 64, 32, 16, 16, 4, 256, 2, 2, 1},
                                         {"small", 128, 256, 64, 24, 24, 4, 1024, 2, 2, 2},
                                         {"base", 8000, 512, 32, 32, 32, 8, 2048, 3, 1, 2}}};

struct Kind {
  const char* name;
  const char* model;
  nn::CellKind cell = nn::CellKind::rnn;
};
constexpr std::array<Kind, 6> kinds = {{{"rnn", "rnn"},
                                        {"rnn_attn", "rnn-attention"},
                                        {"attn", "attention"},
                                        {"transformer", "transformer"},
                                        {"lstm", "rnn", nn::CellKind::lstm},
                                        {"lstm_attn", "rnn-attention", nn::CellKind::lstm}}};

template <class Rows>
const auto& row_named(const Rows& rows, const char* what, const std::string& name, auto member) {
  std::vector<std::string> names;
  for (const auto& row : rows) {
    if (name == row.*member) return row;
    names.emplace_back(row.*member);
  }
  throw train::ConfigError(fmt::format("there is no {} \"{}\" to time: one of {}{}", what, name, fmt::join(names, ", "),
                                       train::did_you_mean(name, names)));
}

Index whole_number(const std::string& key, const std::string& text) {
  Index n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size() || n < 1 || n > 1000000)
    throw train::ConfigError(fmt::format("{} = {} is not allowed: a whole number from 1 to 1000000", key, text));
  return n;
}

constexpr data::Id first_word_id = data::unk_id + 1;

// Ids of words, past those of padding and the ends of sentences.
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

data::Batch draw_batch(const StepSetup& s, std::uint64_t seed) {
  data::Batch b;
  b.size = s.run.train.batch;
  b.source_length = s.source;
  b.target_length = s.target;
  b.source = draw_ids(b.size * s.source, s.vocabulary, 3 * seed);
  b.target_in = draw_ids(b.size * s.target, s.vocabulary, 3 * seed + 1);
  b.target_out = draw_ids(b.size * s.target, s.vocabulary, 3 * seed + 2);
  for (Index i = 0; i < b.size; ++i) b.rows.push_back(i);
  b.target_tokens = b.size * s.target;
  return b;
}

// Multiply-adds of the products of one forward pass.
double products_of(const StepSetup& s) {
  const models::Seq2SeqOptions& o = s.run.model;
  const auto d = static_cast<double>(o.dim), h = static_cast<double>(o.hidden), f = static_cast<double>(o.ffn),
             S = static_cast<double>(s.source), T = static_cast<double>(s.target),
             B = static_cast<double>(s.run.train.batch), V = static_cast<double>(s.vocabulary);
  const double gates = o.cell == nn::CellKind::lstm ? 4 : o.cell == nn::CellKind::gru ? 3 : 1;
  const auto layers = [](Index n) { return static_cast<double>(n); };
  const double encoder = B * S * gates * (d * h + h * h), decoder = B * T * gates * (d * h + h * h);
  if (o.model == "rnn") return encoder + decoder + B * T * h * V;
  if (o.model == "rnn-attention")
    return encoder + B * S * 2 * h * h + decoder + B * T * (gates * h * h + h * h + 2 * S * h + 2 * h * V);
  if (o.model == "attention") return B * S * 2 * d * d + B * T * (d * d + 2 * S * d + d * V);
  const double of_source = B * S * (4 * d * d + 2 * S * d + 2 * d * f);
  const double of_target = B * T * (6 * d * d + 2 * T * d + 2 * S * d + 2 * d * f) + B * S * 2 * d * d;
  return layers(o.encoder_layers) * of_source + layers(o.decoder_layers) * of_target + B * T * d * V;
}

}  // namespace

std::vector<std::string> step_models() {
  std::vector<std::string> names;
  for (const Kind& k : kinds) names.emplace_back(k.name);
  return names;
}

std::vector<std::string> step_configs() {
  std::vector<std::string> names;
  for (const Sizes& s : sizes) names.emplace_back(s.config);
  return names;
}

StepSetup step_setup(const std::string& model, const std::string& config, const std::vector<std::string>& changes) {
  const Kind& kind = row_named(kinds, "model", model, &Kind::name);
  Sizes size = row_named(sizes, "configuration", config, &Sizes::config);
  const std::map<std::string, Index*> dimensions = {
      {"dim", &size.dim},     {"ffn", &size.ffn},       {"heads", &size.heads},   {"layers", &size.layers},
      {"batch", &size.batch}, {"source", &size.source}, {"target", &size.target}, {"vocabulary", &size.vocabulary}};
  StepSetup s{.model = model, .config = config, .run = {}};
  train::Assignments others;
  for (const std::string& change : changes) {
    auto [key, value] = train::split_assignment(change);
    s.config += "," + change;
    if (const auto it = dimensions.find(key); it != dimensions.end()) {
      *it->second = whole_number(key, value);
    } else {
      others.emplace_back(std::move(key), std::move(value));
    }
  }
  models::Seq2SeqOptions& o = s.run.model;
  const bool transformer = model == "transformer";
  o.model = kind.model;
  o.cell = kind.cell;
  o.alignment = models::Alignment::qkv;
  o.dim = o.hidden = size.dim;
  o.encoder_layers = o.decoder_layers = transformer ? size.layers : 1;
  o.heads = transformer ? size.heads : 1;
  o.ffn = transformer ? size.ffn : 0;
  o.residual = transformer;
  o.norm = transformer ? nn::NormOrder::pre : nn::NormOrder::none;
  o.max_length = std::max(size.source, size.target);
  s.run.train.batch = size.batch;
  s.run.train.shards = size.shards;
  s.run.train.accumulate = transformer ? size.transformer_parts : 1;
  s.run.train.lr = 0.001;
  s.run = train::overlay(s.run, {.assignments = others});
  s.vocabulary = size.vocabulary;
  s.source = size.source;
  s.target = size.target;
  if (s.vocabulary <= first_word_id)
    throw train::ConfigError(fmt::format("vocabulary = {} is not allowed: more than {}", s.vocabulary, first_word_id));
  o.source_vocab = o.target_vocab = s.vocabulary;
  models::check(o);
  return s;
}

StepTimes time_steps(const StepSetup& setup, double seconds) {
  nn::ParameterStore store(static_cast<std::uint64_t>(setup.run.train.seed));
  const auto model = models::make_model(store.root(), setup.run.model);
  train::TrainingStep step(*model, store, setup.run.train);
  std::vector<data::Batch> batches;
  for (std::uint64_t i = 0; i < 8; ++i) batches.push_back(draw_batch(setup, i));
  StepTimes times;
  times.products = products_of(setup);
  times.parameters = store.count();
  Index i = 0;
  const auto run = [&] {
    const auto result = step.run(batches[static_cast<std::size_t>(i % 8)], i, setup.run.train.lr);
    if (i++ == 0) times.first_loss = result.loss;
    times.last_loss = result.loss;
    return result.seconds;
  };
  for (const train::Stopwatch warm_up; i < 3 || warm_up.seconds() < 0.15 * seconds;) run();
  for (const train::Stopwatch all; times.step.size() < 9 || (all.seconds() < seconds && times.step.size() < 5000);) {
    const train::Stopwatch one;
    const auto part = run();
    times.step.add(one.seconds());
    times.forward.add(part.forward);
    times.backward.add(part.backward);
    times.clip.add(part.clip);
    times.update.add(part.update);
  }
  return times;
}

}  // namespace gradus::bench
