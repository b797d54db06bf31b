#include <gradus/models/decode.h>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>
#include <gradus/autograd/ops/softmax.h>
#include <gradus/nn/dropout.h>

namespace gradus::models {
namespace {

void check(const DecodeOptions& o) {
  auto at_least_one = [](const char* option, Index value) {
    if (value < 1) throw Error(fmt::format("decode: {} is {}; it must be at least 1", option, value));
  };
  at_least_one("beam", o.beam);
  at_least_one("n_best", o.n_best);
  at_least_one("max_length", o.max_length);
  at_least_one("batch", o.batch);
  if (o.n_best > o.beam) {
    throw Error(fmt::format("decode: n_best is {} but a beam of {} finds no more than {}; raise beam", o.n_best, o.beam,
                            o.beam));
  }
  if (!(o.length_penalty >= 0 && o.length_penalty <= 10))
    throw Error(fmt::format("decode: length_penalty is {}; it must be between 0 and 10", o.length_penalty));
}

/// A word of a hypothesis, linked to the word before it.
struct Word {
  Index previous;  // -1 for the first word
  Index id;
};

/// An unfinished hypothesis: one row of the next step.
struct Live {
  Index sentence;
  Index last;  // index of its last word; -1 before the first
  double log_probability;
};

struct Candidate {
  double log_probability;
  Index row, id;
  bool operator<(const Candidate& other) const {
    if (log_probability != other.log_probability) return log_probability > other.log_probability;
    return row != other.row ? row < other.row : id < other.id;
  }
};

/// Appends the k best continuations of one row, unordered. `base` holds the row and its log-probability.
template <class T>
void add_best(std::vector<Candidate>& out, const T* log_p, Index classes, Index k, Candidate base,
              const DecodeOptions& o) {
  const auto begin = std::ssize(out);
  for (Index id = 0; id < classes; ++id) {
    if (id == o.pad || id == o.bos) continue;
    const Candidate c{base.log_probability + static_cast<double>(log_p[id]), base.row, id};
    if (std::isnan(c.log_probability))
      throw NanScores("decode: the model's scores are not numbers (NaN): its training diverged, or a file is damaged");
    if (std::ssize(out) - begin < k) {
      out.push_back(c);
      std::push_heap(out.begin() + begin, out.end());
    } else if (c < out[static_cast<std::size_t>(begin)]) {
      std::pop_heap(out.begin() + begin, out.end());
      out.back() = c;
      std::push_heap(out.begin() + begin, out.end());
    }
  }
}

Tensor ids_tensor(const std::vector<Index>& ids) { return Tensor::from(ids, {std::ssize(ids)}); }

class Search {
 public:
  Search(const Seq2Seq& model, const Tensor& source, const DecodeOptions& options)
      : model_(model),
        options_(options),
        done_(static_cast<std::size_t>(source.size(0))),
        state_(model.encode(source)) {
    for (Index i = 0; i < source.size(0); ++i) live_.push_back({i, -1, 0});
  }

  std::vector<std::vector<Hypothesis>> run() {
    const Index limit = std::min(options_.max_length, model_.max_target());
    for (Index t = 0; t < limit && !live_.empty(); ++t) advance();
    for (const Live& h : live_) finish(h, false);
    for (auto& hypotheses : done_) {
      std::stable_sort(hypotheses.begin(), hypotheses.end(), [](const Hypothesis& a, const Hypothesis& b) {
        return a.finished != b.finished ? a.finished : a.score > b.score;
      });
      hypotheses.resize(std::min(hypotheses.size(), static_cast<std::size_t>(options_.n_best)));
    }
    return std::move(done_);
  }

 private:
  void advance() {
    std::vector<Index> words;
    for (const Live& h : live_)
      words.push_back(h.last < 0 ? options_.bos : words_[static_cast<std::size_t>(h.last)].id);
    Step step = model_.step(ids_tensor(words), state_);
    const std::vector<Candidate> chosen = choose(log_softmax(step.logits, -1));

    std::vector<Live> next;
    std::vector<Index> rows;
    bool rows_stay = true, sentences_stay = true;
    for (const Candidate& c : chosen) {
      const Live& from = live_[static_cast<std::size_t>(c.row)];
      words_.push_back({from.last, c.id});
      const Live h{from.sentence, std::ssize(words_) - 1, c.log_probability};
      if (c.id == options_.eos) {
        finish(h, true);
        continue;
      }
      rows_stay = rows_stay && c.row == std::ssize(rows);
      sentences_stay = sentences_stay && next.size() < live_.size() && live_[next.size()].sentence == h.sentence;
      next.push_back(h);
      rows.push_back(c.row);
    }
    state_ = std::move(step.state);
    const bool same_size = next.size() == live_.size();
    if (!next.empty()) reorder(ids_tensor(rows), rows_stay && same_size, sentences_stay && same_size);
    live_ = std::move(next);
  }

  /// For each sentence in order, the best continuations of its hypotheses: as many as its beam is wide, best first.
  std::vector<Candidate> choose(const Tensor& log_p) const {
    std::vector<Candidate> chosen, of_sentence;
    const Index classes = log_p.size(1);
    for (std::size_t row = 0; row < live_.size();) {
      const Index sentence = live_[row].sentence;
      const Index width = options_.beam - std::ssize(done_[static_cast<std::size_t>(sentence)]);
      of_sentence.clear();
      for (; row < live_.size() && live_[row].sentence == sentence; ++row) {
        dispatch_floating(log_p.dtype(), [&](auto zero) {
          const auto r = static_cast<Index>(row);
          const auto* values = log_p.data<decltype(zero)>() + r * classes;
          add_best(of_sentence, values, classes, width, {live_[row].log_probability, r, 0}, options_);
        });
      }
      std::sort(of_sentence.begin(), of_sentence.end());
      const auto n = std::min(std::ssize(of_sentence), static_cast<std::ptrdiff_t>(width));
      chosen.insert(chosen.end(), of_sentence.begin(), of_sentence.begin() + n);
    }
    return chosen;
  }

  void reorder(const Tensor& rows, bool rows_stay, bool sentences_stay) {
    if (!rows_stay) select_rows(state_.cache, rows);
    if (sentences_stay) return;
    select_rows(state_.source, rows);
    state_.source_mask = index_select(state_.source_mask, 0, rows);
  }

  static void select_rows(std::vector<Tensor>& tensors, const Tensor& rows) {
    for (Tensor& t : tensors)
      if (t.defined()) t = index_select(t, 0, rows);
  }

  void finish(const Live& h, bool finished) {
    Hypothesis out;
    for (Index w = h.last; w >= 0; w = words_[static_cast<std::size_t>(w)].previous)
      out.ids.push_back(words_[static_cast<std::size_t>(w)].id);
    std::reverse(out.ids.begin(), out.ids.end());
    out.log_probability = h.log_probability;
    out.score = h.log_probability / std::pow(static_cast<double>(out.ids.size()), options_.length_penalty);
    out.finished = finished;
    if (finished) out.ids.pop_back();
    done_[static_cast<std::size_t>(h.sentence)].push_back(std::move(out));
  }

  const Seq2Seq& model_;
  const DecodeOptions& options_;
  std::vector<std::vector<Hypothesis>> done_;  // by sentence
  std::vector<Live> live_;                     // by sentence, then rank
  std::vector<Word> words_;
  State state_;
};

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

}  // namespace

std::vector<std::vector<Hypothesis>> beam_search(const Seq2Seq& model, const Tensor& source,
                                                 const DecodeOptions& options) {
  check(options);
  if (source.dtype() != DType::i64 || source.rank() != 2)
    throw Error(fmt::format("decode: sources are {}; expected i64 ids [batch, time]", describe(source)));
  if (source.size(0) == 0) return {};
  const NoGrad no_grad;
  const RowInvariant row_invariant;
  const nn::Training in_use(false);
  auto found = Search(model, source, options).run();
  if (options.attention_weights) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      for (Hypothesis& h : found[i])
        h.attention_weights = attention_weights_of(h, model, narrow(source, 0, static_cast<Index>(i), 1), options);
    }
  }
  return found;
}

std::vector<Hypothesis> greedy(const Seq2Seq& model, const Tensor& source, const DecodeOptions& options) {
  DecodeOptions one = options;
  one.beam = one.n_best = 1;
  std::vector<Hypothesis> best;
  for (auto& hypotheses : beam_search(model, source, one)) best.push_back(std::move(hypotheses.front()));
  return best;
}

std::vector<std::vector<Hypothesis>> decode(const Seq2Seq& model, const std::vector<std::vector<Index>>& sources,
                                            const DecodeOptions& options) {
  check(options);
  std::vector<std::size_t> order(sources.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sources[a].size() < sources[b].size(); });
  std::vector<std::vector<Hypothesis>> results(sources.size());
  const Index batches = (std::ssize(order) + options.batch - 1) / options.batch;
  run_shards(batches, [&](Index b) {
    if (options.stop && options.stop()) throw Stopped();
    const auto first = order.begin() + b * options.batch;
    const auto last = order.begin() + std::min((b + 1) * options.batch, static_cast<Index>(std::ssize(order)));
    const auto width = static_cast<Index>(sources[*(last - 1)].size());
    std::vector<Index> ids(static_cast<std::size_t>((last - first) * width), options.pad);
    for (auto i = first; i != last; ++i)
      std::copy(sources[*i].begin(), sources[*i].end(), ids.begin() + (i - first) * width);
    auto found = beam_search(model, Tensor::from(ids, {last - first, width}), options);
    for (auto i = first; i != last; ++i) results[*i] = std::move(found[static_cast<std::size_t>(i - first)]);
  });
  return results;
}

}  // namespace gradus::models
