#pragma once

#include <functional>
#include <vector>

#include <gradus/models/seq2seq.h>

namespace gradus::models {

struct DecodeOptions {
  Index beam = 1;          // hypotheses kept per sentence; 1 is greedy
  Index n_best = 1;        // hypotheses returned per sentence, at most `beam`
  Index max_length = 100;  // words of a hypothesis, eos included; the model's own limit applies too
  double length_penalty =
      1;  // score = log-probability / length^penalty: 0 ranks by probability, 1 by its mean per word
  bool attention_weights = false;  // whether to compute the attention weights of the hypotheses
  Index batch = 64;                // `decode`: sentences per batch
  Index pad = 0, bos = 1, eos = 2;
  std::function<bool()> stop = {};  // `decode`: called before each batch, on any thread; true ends it with Stopped
};

/// The scores of a model are not numbers.
class NanScores : public Error {
 public:
  using Error::Error;
};

/// Work ended early on request.
class Stopped : public Error {
 public:
  Stopped() : Error("stopped on request") {}
};

struct Hypothesis {
  std::vector<Index> ids;      // without bos and eos
  double score = 0;            // the rank of hypotheses
  double log_probability = 0;  // of all words, eos included
  bool finished = false;       // whether it ends with eos, not at the limit
  Tensor attention_weights;  // [ids + eos if finished, source tokens]; undefined unless requested and the model attends
};

/// Beam search. source [batch, source] -> per row the best hypotheses, best first, finished ones before others.
///
/// - A finished hypothesis leaves the beam, which becomes narrower. Outputs never contain pad and bos.
/// - Of equal candidates the one of the higher ranked hypothesis wins, then the one of the smaller id.
/// - The search has no gradients, no dropout and one thread.
/// - A sentence's result has the same bits alone, in any batch and with any padding.
///
/// Throws an Error for an option out of range and NanScores for scores that are NaN.
std::vector<std::vector<Hypothesis>> beam_search(const Seq2Seq& model, const Tensor& source,
                                                 const DecodeOptions& options = {});

/// The most probable word at each step: the only hypothesis of a beam of 1, per row.
std::vector<Hypothesis> greedy(const Seq2Seq& model, const Tensor& source, const DecodeOptions& options = {});

/// beam_search for sentences of any lengths, on all threads, in batches of similar lengths. Results are in the order of
/// `sources`. Throws Stopped after options.stop returned true.
std::vector<std::vector<Hypothesis>> decode(const Seq2Seq& model, const std::vector<std::vector<Index>>& sources,
                                            const DecodeOptions& options = {});

}  // namespace gradus::models
