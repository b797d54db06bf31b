#include <gradus/models/decode.h>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>
#include <gradus/models/internal/minimum_risk.h>
#include <gradus/models/internal/search.h>
#include <gradus/nn/dropout.h>

namespace gradus::models {
namespace {

void check(const DecodeOptions& o) {
  const auto at_least = [](const char* option, Index value, Index least) {
    if (value < least) throw Error(fmt::format("decode: {} is {}; it must be at least {}", option, value, least));
  };
  const auto between = [](const char* option, double value, double low, double high) {
    if (!(value >= low && value <= high))
      throw Error(fmt::format("decode: {} is {}; it must be between {} and {}", option, value, low, high));
  };
  at_least("beam", o.beam, 1);
  at_least("n_best", o.n_best, 1);
  at_least("max_length", o.max_length, 1);
  at_least("batch", o.batch, 1);
  at_least("samples", o.samples, 0);
  if (o.samples > most_samples)
    throw Error(fmt::format("decode: samples is {}; it must be at most {}", o.samples, most_samples));
  at_least("top_k", o.top_k, 0);
  between("length_penalty", o.length_penalty, 0, 10);
  between("coverage_penalty", o.coverage_penalty, 0, 10);
  between("temperature", o.temperature, 1e-6, 1e6);
  between("top_p", o.top_p, 1e-6, 1);
  if (o.eos != no_eos) at_least("eos", o.eos, 0);
  if (o.eos == o.pad || o.eos == o.bos) {
    throw Error(
        fmt::format("decode: eos is {}, pad is {} and bos is {}; eos must be an id of its own", o.eos, o.pad, o.bos));
  }
  if (o.samples == 0 && o.n_best > o.beam) {
    throw Error(fmt::format("decode: n_best is {} but a beam of {} finds no more than {}; raise beam", o.n_best, o.beam,
                            o.beam));
  }
  if (o.minimum_risk && o.samples == 0)
    throw Error("decode: minimum_risk chooses among samples, and samples is 0; it must be at least 1");
}

void check(const Sentences& prefixes, Index sentences, const Seq2Seq& model, const DecodeOptions& o) {
  if (prefixes.empty()) return;
  if (std::ssize(prefixes) != sentences) {
    throw Error(fmt::format("decode: there are {} prefixes for {} sentences; give one per sentence, or none",
                            prefixes.size(), sentences));
  }
  const Index limit = std::min(o.max_length, model.max_target());
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    const std::vector<Index>& prefix = prefixes[i];
    if (std::ssize(prefix) > limit) {
      throw Error(
          fmt::format("decode: prefix {} has {} words; an output has at most {}, with eos", i, prefix.size(), limit));
    }
    for (std::size_t t = 0; t < prefix.size(); ++t) {
      const Index id = prefix[t];
      if (id == o.pad || id == o.bos || (id == o.eos && t + 1 < prefix.size())) {
        throw Error(fmt::format("decode: prefix {} has the id {} ({}) at {}; expected ids of words, eos at most last",
                                i, id,
                                id == o.pad   ? "pad"
                                : id == o.bos ? "bos"
                                              : "eos",
                                t));
      }
    }
  }
}

/// The attention weights of one hypothesis of a row of source ids [1, source].
Tensor attention_weights_of(const Hypothesis& h, const Seq2Seq& model, const Tensor& source, const DecodeOptions& o) {
  std::vector<Index> words{o.bos};
  words.insert(words.end(), h.ids.begin(), h.ids.end());
  if (!h.finished) words.pop_back();
  const Tensor weights = model.attention_weights(source, Tensor::from(words, {1, std::ssize(words)}));
  if (!weights.defined()) return {};
  const Index* ids = source.data<Index>();
  const Index tokens = source.numel() - std::count(ids, ids + source.numel(), o.pad);
  return narrow(squeeze(weights, 0), 1, 0, tokens);
}

/// Σ_i log min(1, Σ_j alpha_ij) over weights [words j, source tokens i].
double coverage(const Tensor& weights) {
  double sum = 0;
  const std::vector<double> alpha = to(weights, DType::f64).to_vector<double>();
  const auto tokens = static_cast<std::size_t>(weights.size(1));
  for (std::size_t i = 0; i < tokens; ++i) {
    double covered = 0;
    for (std::size_t at = i; at < alpha.size(); at += tokens) covered += alpha[at];
    sum += std::log(std::min(1.0, covered));
  }
  return sum;
}

double score_of(const Hypothesis& h, const DecodeOptions& o) {
  const auto words = static_cast<double>(h.word_log_probabilities.size());
  const double score = h.log_probability / std::pow(words, o.length_penalty);
  return o.coverage_penalty > 0 ? score + o.coverage_penalty * coverage(h.attention_weights) : score;
}

/// Scores, ranks and cuts the hypotheses of a row of source ids [1, source].
void rank(Hypotheses& found, const Seq2Seq& model, const Tensor& source, const DecodeOptions& o) {
  const auto weigh = [&](Hypothesis& h) {
    if (!h.attention_weights.defined()) h.attention_weights = attention_weights_of(h, model, source, o);
  };
  for (Hypothesis& h : found) {
    if (o.coverage_penalty > 0) weigh(h);
    if (o.coverage_penalty > 0 && !h.attention_weights.defined())
      throw Error("decode: coverage_penalty needs attention weights, and the model has none; leave it 0");
    h.score = score_of(h, o);
  }
  if (o.minimum_risk) {
    found = by_risk(found);
  } else if (o.samples == 0) {
    std::stable_sort(found.begin(), found.end(), [](const Hypothesis& a, const Hypothesis& b) {
      return a.finished != b.finished ? a.finished : a.score > b.score;
    });
  }
  if (o.minimum_risk || o.samples == 0) found.resize(std::min(found.size(), static_cast<std::size_t>(o.n_best)));
  for (Hypothesis& h : found) {
    if (o.attention_weights)
      weigh(h);
    else
      h.attention_weights = {};
  }
}

}  // namespace

std::vector<Hypotheses> decode(const Seq2Seq& model, const Tensor& source, const DecodeOptions& options,
                               const Sentences& prefixes) {
  check(options);
  if (source.dtype() != DType::i64 || source.rank() != 2)
    throw Error(fmt::format("decode: sources are {}; expected i64 ids [batch, time]", describe(source)));
  check(prefixes, source.size(0), model, options);
  if (source.size(0) == 0) return {};
  const NoGrad no_grad;
  const RowInvariant row_invariant;
  const nn::Training in_use(false);
  std::vector<Hypotheses> found = search(model, source, options, prefixes);
  for (std::size_t i = 0; i < found.size(); ++i)
    rank(found[i], model, narrow(source, 0, static_cast<Index>(i), 1), options);
  return found;
}

std::vector<Hypotheses> decode(const Seq2Seq& model, const Sentences& sources, const DecodeOptions& options,
                               const Sentences& prefixes) {
  check(options);
  check(prefixes, std::ssize(sources), model, options);
  std::vector<std::size_t> order(sources.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sources[a].size() < sources[b].size(); });
  std::vector<Hypotheses> results(sources.size());
  // A batch has as many rows with samples as without.
  const Index size =
      std::clamp<Index>(options.batch / std::max<Index>(options.samples, 1), 1, std::max<Index>(std::ssize(order), 1));
  const Index batches = (std::ssize(order) + size - 1) / size;
  run_shards(batches, [&](Index b) {
    if (options.stop && options.stop()) throw Stopped();
    const auto first = order.begin() + b * size;
    const auto last = order.begin() + std::min((b + 1) * size, static_cast<Index>(std::ssize(order)));
    const auto width = static_cast<Index>(sources[*(last - 1)].size());
    std::vector<Index> ids(static_cast<std::size_t>((last - first) * width), options.pad);
    Sentences beginnings;
    for (auto i = first; i != last; ++i) {
      std::copy(sources[*i].begin(), sources[*i].end(), ids.begin() + (i - first) * width);
      if (!prefixes.empty()) beginnings.push_back(prefixes[*i]);
    }
    auto found = decode(model, Tensor::from(ids, {last - first, width}), options, beginnings);
    for (auto i = first; i != last; ++i) results[*i] = std::move(found[static_cast<std::size_t>(i - first)]);
  });
  return results;
}

Hypotheses greedy(const Seq2Seq& model, const Tensor& source, const DecodeOptions& options) {
  DecodeOptions one = options;
  one.beam = one.n_best = 1;
  one.samples = 0;
  Hypotheses best;
  for (Hypotheses& found : decode(model, source, one)) best.push_back(std::move(found.front()));
  return best;
}

Hypotheses score(const Seq2Seq& model, const Sentences& sources, const Sentences& targets,
                 const DecodeOptions& options) {
  if (targets.size() != sources.size()) {
    throw Error(fmt::format("score: there are {} targets for {} sources; expected one per source", targets.size(),
                            sources.size()));
  }
  DecodeOptions forced{.length_penalty = options.length_penalty,
                       .coverage_penalty = options.coverage_penalty,
                       .attention_weights = options.attention_weights,
                       .batch = options.batch,
                       .pad = options.pad,
                       .bos = options.bos,
                       .eos = options.eos,
                       .stop = options.stop};
  Sentences whole = targets;
  for (std::vector<Index>& target : whole) {
    target.push_back(options.eos);
    forced.max_length = std::max(forced.max_length, static_cast<Index>(std::ssize(target)));
  }
  Hypotheses scored;
  for (Hypotheses& found : decode(model, sources, forced, whole)) scored.push_back(std::move(found.front()));
  return scored;
}

}  // namespace gradus::models
