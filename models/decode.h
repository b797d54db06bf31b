#pragma once

#include <vector>

#include <gradus/models/seq2seq.h>

namespace gradus::models {

struct DecodeOptions {
  Index beam = 1;          // hypotheses kept for a sentence; 1 is greedy
  Index n_best = 1;        // hypotheses returned for a sentence, at most `beam`
  Index max_length = 100;  // words of a hypothesis, its end included; the model's own limit holds too
  double length_penalty =
      1;  // score = log-probability / length^penalty: 0 ranks by probability, 1 by its mean over words
  bool want_weights = false;
  Index batch = 64;  // `decode`: sentences computed side by side
  Index pad = 0, bos = 1, eos = 2;
};

struct Hypothesis {
  std::vector<Index> ids;      // without bos and eos
  double score = 0;            // what hypotheses are ranked by
  double log_probability = 0;  // of all words, eos included
  bool finished = false;       // it ended itself; false when the limit did
  Tensor weights;  // [ids + eos if finished, source tokens] where each word looked, when wanted and there are any
};

/// The best hypotheses of each row of source ids [batch, source], best first, finished ones before others. Beam search
/// in which a finished hypothesis leaves the beam and narrows it; pad and bos are never written. Equals go to the
/// hypothesis ranked higher before, then to the smaller id. Runs without gradient, dropout and threads. A sentence's
/// result has the same bits alone, in any batch and under any padding. Throws an Error on an option out of range and on
/// NaN scores.
std::vector<std::vector<Hypothesis>> beam_search(const Seq2Seq& model, const Tensor& source,
                                                 const DecodeOptions& options = {});

/// The one hypothesis of a beam of 1 for each row: at each step the most probable word.
std::vector<Hypothesis> greedy(const Seq2Seq& model, const Tensor& source, const DecodeOptions& options = {});

/// beam_search for sentences of any lengths, on all threads: like lengths together, results in the order given.
std::vector<std::vector<Hypothesis>> decode(const Seq2Seq& model, const std::vector<std::vector<Index>>& sources,
                                            const DecodeOptions& options = {});

}  // namespace gradus::models
