#include <gradus/models/internal/search.h>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include <gradus/autograd/foundation/internal/fnv1a.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/softmax.h>
#include <gradus/models/internal/sampling.h>

namespace gradus::models {
namespace {

/// A word of a hypothesis, linked to the word before it.
struct Word {
  Index previous;  // -1 for the first word
  Index id;
  double log_probability;
};

/// An unfinished hypothesis: one row of the next step.
struct Live {
  Index sentence;
  Index sample;  // its number among those of the sentence
  Index last;    // index of its last word; -1 before the first
  double log_probability;
};

struct Candidate {
  double log_probability;
  Index row, id;
  double of_word;
  bool operator<(const Candidate& other) const {
    if (log_probability != other.log_probability) return log_probability > other.log_probability;
    return row != other.row ? row < other.row : id < other.id;
  }
};

/// The continuation of a hypothesis, which is row `row`, by a word.
Candidate continued(const Live& h, Index row, Index id, double of_word) {
  if (std::isnan(of_word))
    throw NanScores("decode: the model's scores are not numbers (NaN): its training diverged, or a file is damaged");
  return {h.log_probability + of_word, row, id, of_word};
}

Tensor ids_tensor(const std::vector<Index>& ids) { return Tensor::from(ids, {std::ssize(ids)}); }

void select_rows(std::vector<Tensor>& tensors, const Tensor& rows) {
  for (Tensor& t : tensors)
    if (t.defined()) t = index_select(t, 0, rows);
}

/// Selects rows of what belongs to the words so far, to the source, or to both.
void select_rows(State& state, const Tensor& rows, bool words, bool sources) {
  if (words) select_rows(state.cache, rows);
  if (sources) {
    select_rows(state.source, rows);
    if (state.source_mask.defined()) state.source_mask = index_select(state.source_mask, 0, rows);
  }
  for (State& part : state.parts) select_rows(part, rows, words, sources);
}

class Search {
 public:
  Search(const Seq2Seq& model, const Tensor& source, const DecodeOptions& options, const Sentences& prefixes)
      : model_(model),
        source_(source),
        options_(options),
        prefixes_(prefixes),
        done_(static_cast<std::size_t>(source.size(0))),
        state_(model.encode(source)) {
    std::vector<Index> rows;
    for (Index i = 0; i < source.size(0); ++i) {
      done_[static_cast<std::size_t>(i)].resize(static_cast<std::size_t>(options.samples));
      for (Index sample = 0; sample < std::max<Index>(options.samples, 1); ++sample) {
        live_.push_back({i, sample, -1, 0});
        rows.push_back(i);
      }
    }
    if (options.samples > 1) select_rows(state_, ids_tensor(rows), true, true);
  }

  std::vector<Hypotheses> run() {
    const Index limit = std::min(options_.max_length, model_.max_target());
    for (Index t = 0; t < limit && !live_.empty(); ++t) advance();
    for (const Live& h : live_) finish(h, false);
    return std::move(done_);
  }

 private:
  void advance() {
    std::vector<Index> words;
    for (const Live& h : live_) words.push_back(h.last < 0 ? options_.bos : word(h.last).id);
    Step step = model_.step(ids_tensor(words), state_);
    const Tensor log_p = log_softmax(step.logits, -1);
    check(log_p);
    const std::vector<Candidate> chosen = dispatch_floating(
        log_p.dtype(), [&](auto zero) { return choose(log_p.data<decltype(zero)>(), log_p.size(1)); });
    ++words_so_far_;

    std::vector<Live> next;
    std::vector<Index> rows;
    bool rows_stay = true, sentences_stay = true;
    for (const Candidate& c : chosen) {
      const Live& from = live_[static_cast<std::size_t>(c.row)];
      words_.push_back({from.last, c.id, c.of_word});
      const Live h{from.sentence, from.sample, std::ssize(words_) - 1, c.log_probability};
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
    if (!next.empty()) select_rows(state_, ids_tensor(rows), !(rows_stay && same_size), !(sentences_stay && same_size));
    live_ = std::move(next);
  }

  /// Throws an Error unless there is a row per hypothesis, the model has the word eos, and a word besides pad and bos.
  void check(const Tensor& log_p) const {
    if (log_p.rank() != 2 || log_p.size(0) != std::ssize(live_)) {
      throw Error(
          fmt::format("decode: the logits of the model are {}; expected [{}, words]", describe(log_p), live_.size()));
    }
    const Index words = log_p.size(1);
    if (options_.eos >= words)
      throw Error(fmt::format("decode: eos is {}, but the model has {} words", options_.eos, words));
    Index first = 0;
    while (first == options_.pad || first == options_.bos) ++first;
    if (first >= words) {
      throw Error(
          fmt::format("decode: the model has {} words, all of them pad and bos; expected another to emit", words));
    }
  }

  /// The next words of all hypotheses, by sentence. log_p [live, classes].
  template <class T>
  std::vector<Candidate> choose(const T* log_p, Index classes) const {
    std::vector<Candidate> chosen;
    const Index live = std::ssize(live_);
    for (Index row = 0, end = 0; row < live; row = end) {
      const Index sentence = live_[static_cast<std::size_t>(row)].sentence;
      while (end < live && live_[static_cast<std::size_t>(end)].sentence == sentence) ++end;
      if (const Index* forced = forced_word(sentence, classes)) {
        for (Index r = row; r < end; ++r) chosen.push_back(candidate(log_p, classes, r, *forced));
      } else if (options_.samples > 0) {
        for (Index r = row; r < end; ++r) chosen.push_back(candidate(log_p, classes, r, draw(log_p, classes, r)));
      } else {
        add_best(chosen, log_p, classes, row, end);
      }
    }
    return chosen;
  }

  template <class T>
  Candidate candidate(const T* log_p, Index classes, Index row, Index id) const {
    return continued(live_[static_cast<std::size_t>(row)], row, id, static_cast<double>(log_p[row * classes + id]));
  }

  /// The next word of the sentence's prefix, or null after it.
  const Index* forced_word(Index sentence, Index classes) const {
    if (prefixes_.empty()) return nullptr;
    const std::vector<Index>& prefix = prefixes_[static_cast<std::size_t>(sentence)];
    if (words_so_far_ >= std::ssize(prefix)) return nullptr;
    const Index& id = prefix[static_cast<std::size_t>(words_so_far_)];
    if (id < 0 || id >= classes)
      throw Error(fmt::format("decode: a prefix has the id {}, but the model has {} words", id, classes));
    return &id;
  }

  template <class T>
  Index draw(const T* log_p, Index classes, Index row) const {
    const std::vector<double> values(log_p + row * classes, log_p + (row + 1) * classes);
    for (Index id = 0; id < classes; ++id) candidate(log_p, classes, row, id);  // throws on NaN
    const Live& h = live_[static_cast<std::size_t>(row)];
    return draw_word(values, options_, random(h));
  }

  /// In [0, 1): a function of the seed, the source, the number of the sample and the number of words.
  double random(const Live& h) const {
    Fnv1a stream;
    const Index width = source_.size(1), *ids = source_.data<Index>() + h.sentence * width;
    for (Index i = 0; i < width; ++i)
      if (ids[i] != options_.pad) stream.take(static_cast<std::uint64_t>(ids[i]));
    stream.take(static_cast<std::uint64_t>(h.sample));
    const auto bits = Philox(options_.seed, stream.value()).block(static_cast<std::uint64_t>(words_so_far_));
    return static_cast<double>(std::uint64_t{bits[0]} << 21 | bits[1] >> 11) * 0x1p-53;
  }

  /// Adds the best continuations of the rows [row, end) of one sentence, best first: as many as its beam is wide.
  template <class T>
  void add_best(std::vector<Candidate>& chosen, const T* log_p, Index classes, Index row, Index end) const {
    const auto sentence = static_cast<std::size_t>(live_[static_cast<std::size_t>(row)].sentence);
    const Index width = options_.beam - std::ssize(done_[sentence]);
    const auto begin = std::ssize(chosen);
    for (; row < end; ++row) {
      for (Index id = 0; id < classes; ++id) {
        if (id == options_.pad || id == options_.bos) continue;
        const Candidate c = candidate(log_p, classes, row, id);
        if (std::ssize(chosen) - begin < width) {
          chosen.push_back(c);
          std::push_heap(chosen.begin() + begin, chosen.end());
        } else if (c < chosen[static_cast<std::size_t>(begin)]) {
          std::pop_heap(chosen.begin() + begin, chosen.end());
          chosen.back() = c;
          std::push_heap(chosen.begin() + begin, chosen.end());
        }
      }
    }
    std::sort(chosen.begin() + begin, chosen.end());
  }

  void finish(const Live& h, bool finished) {
    Hypothesis out;
    for (Index w = h.last; w >= 0; w = word(w).previous) {
      out.ids.push_back(word(w).id);
      out.word_log_probabilities.push_back(word(w).log_probability);
    }
    std::reverse(out.ids.begin(), out.ids.end());
    std::reverse(out.word_log_probabilities.begin(), out.word_log_probabilities.end());
    out.log_probability = h.log_probability;
    out.finished = finished;
    if (finished) out.ids.pop_back();
    Hypotheses& of_sentence = done_[static_cast<std::size_t>(h.sentence)];
    if (options_.samples > 0)
      of_sentence[static_cast<std::size_t>(h.sample)] = std::move(out);
    else
      of_sentence.push_back(std::move(out));
  }

  const Word& word(Index i) const { return words_[static_cast<std::size_t>(i)]; }

  const Seq2Seq& model_;
  const Tensor& source_;
  const DecodeOptions& options_;
  const Sentences& prefixes_;
  std::vector<Hypotheses> done_;  // by sentence
  std::vector<Live> live_;        // by sentence, then rank or sample
  std::vector<Word> words_;
  State state_;
  Index words_so_far_ = 0;
};

}  // namespace

std::vector<Hypotheses> search(const Seq2Seq& model, const Tensor& source, const DecodeOptions& options,
                               const Sentences& prefixes) {
  return Search(model, source, options, prefixes).run();
}

}  // namespace gradus::models
