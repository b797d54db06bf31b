#include <gradus/models/decode.h>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gradus/autograd/engine/graph.h>
#include <gradus/autograd/foundation/parallel.h>
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
  if (o.n_best > o.beam)
    throw Error(fmt::format("decode: n_best is {} but a beam of {} finds no more than {}; raise beam", o.n_best, o.beam,
                            o.beam));
  if (!(o.length_penalty >= 0 && o.length_penalty <= 10))
    throw Error(fmt::format("decode: length_penalty is {}; it must be between 0 and 10", o.length_penalty));
}

/// A word of a hypothesis, and the way back to its first.
struct Word {
  Index previous;  // -1 at the first
  Index id;
  Index row;  // of the step that made it
};

/// A hypothesis that goes on; one row of the next step.
struct Live {
  Index sentence;
  Index last;  // among the words
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

/// The k best continuations of one row, in no order.
template <class T>
void add_best(std::vector<Candidate>& out, const T* log_p, Index classes, Index k, Candidate base,
              const DecodeOptions& o) {
  const auto begin = std::ssize(out);
  for (Index id = 0; id < classes; ++id) {
    if (id == o.pad || id == o.bos) continue;
    const Candidate c{base.log_probability + static_cast<double>(log_p[id]), base.row, id};
    if (std::isnan(c.log_probability))
      throw Error("decode: the model's scores are not numbers (NaN); its parameters or its input are damaged");
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
      : model_(model), options_(options), lengths_(token_counts(source, options.pad)), done_(lengths_.size()) {
    for (Index i = 0; i < std::ssize(lengths_); ++i) live_.push_back({i, -1, 0});
    state_ = model.encode(source);
    state_.want_weights = options.want_weights;
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
  static std::vector<Index> token_counts(const Tensor& source, Index pad) {
    std::vector<Index> counts;
    const Index width = source.size(1);
    const Index* ids = source.data<Index>();
    for (Index i = 0; i < source.size(0); ++i)
      counts.push_back(width - std::count(ids + i * width, ids + (i + 1) * width, pad));
    return counts;
  }

  void advance() {
    std::vector<Index> words;
    for (const Live& h : live_)
      words.push_back(h.last < 0 ? options_.bos : words_[static_cast<std::size_t>(h.last)].id);
    Step step = model_.step(ids_tensor(words), state_);
    weights_.push_back(step.weights);
    const std::vector<Candidate> chosen = choose(log_softmax(step.logits, -1));

    std::vector<Live> next;
    std::vector<Index> rows;
    bool rows_stay = true, sentences_stay = true;
    for (const Candidate& c : chosen) {
      const Live& from = live_[static_cast<std::size_t>(c.row)];
      words_.push_back({from.last, c.id, c.row});
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

  /// For each sentence, in order, as many continuations of its hypotheses as its beam has places, best first.
  std::vector<Candidate> choose(const Tensor& log_p) const {
    std::vector<Candidate> chosen, of_sentence;
    const Index classes = log_p.size(1);
    for (std::size_t row = 0; row < live_.size();) {
      const Index sentence = live_[row].sentence;
      const Index places = options_.beam - std::ssize(done_[static_cast<std::size_t>(sentence)]);
      of_sentence.clear();
      for (; row < live_.size() && live_[row].sentence == sentence; ++row) {
        dispatch_floating(log_p.dtype(), [&](auto zero) {
          const auto r = static_cast<Index>(row);
          const auto* values = log_p.data<decltype(zero)>() + r * classes;
          add_best(of_sentence, values, classes, places, {live_[row].log_probability, r, 0}, options_);
        });
      }
      std::sort(of_sentence.begin(), of_sentence.end());
      const auto n = std::min(std::ssize(of_sentence), static_cast<std::ptrdiff_t>(places));
      chosen.insert(chosen.end(), of_sentence.begin(), of_sentence.begin() + n);
    }
    return chosen;
  }

  void reorder(const Tensor& rows, bool rows_stay, bool sentences_stay) {
    if (!rows_stay)
      for (Tensor& x : state_.rows) x = index_select(x, 0, rows);
    if (sentences_stay) return;
    for (Tensor& x : state_.memory) x = index_select(x, 0, rows);
    state_.source_mask = index_select(state_.source_mask, 0, rows);
  }

  void finish(const Live& h, bool finished) {
    std::vector<const Word*> path;
    for (Index w = h.last; w >= 0; w = path.back()->previous) path.push_back(&words_[static_cast<std::size_t>(w)]);
    std::reverse(path.begin(), path.end());

    Hypothesis out;
    for (const Word* w : path) out.ids.push_back(w->id);
    if (finished) out.ids.pop_back();
    out.log_probability = h.log_probability;
    out.score = h.log_probability / std::pow(static_cast<double>(path.size()), options_.length_penalty);
    out.finished = finished;
    if (!weights_.empty() && weights_[0].defined()) {
      std::vector<Tensor> looks;
      for (std::size_t t = 0; t < path.size(); ++t) looks.push_back(select(weights_[t], 0, path[t]->row));
      out.weights = clone(narrow(stack(looks), 1, 0, lengths_[static_cast<std::size_t>(h.sentence)]));
    }
    done_[static_cast<std::size_t>(h.sentence)].push_back(std::move(out));
  }

  const Seq2Seq& model_;
  const DecodeOptions& options_;
  std::vector<Index> lengths_;
  std::vector<std::vector<Hypothesis>> done_;  // by sentence
  std::vector<Live> live_;                     // by sentence, then rank
  std::vector<Word> words_;
  std::vector<Tensor> weights_;  // by step: [rows, source]
  State state_;
};

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
  return Search(model, source, options).run();
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
