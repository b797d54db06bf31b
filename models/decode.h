#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <gradus/models/seq2seq.h>

namespace gradus::models {

/// DecodeOptions::eos for hypotheses that all reach the limit.
inline constexpr Index no_eos = -1;
/// The largest DecodeOptions::samples.
inline constexpr Index most_samples = 1'000'000;

/// How `decode`, `greedy` and `score` make and rank hypotheses.
struct DecodeOptions {
  Index beam = 1;          // hypotheses kept per sentence; 1 is greedy
  Index n_best = 1;        // hypotheses returned per sentence, at most `beam`, or with `minimum_risk` at most `samples`
  Index max_length = 100;  // words of a hypothesis, eos included; the model's own limit applies too
  double length_penalty = 1;    // 0 ranks by probability, 1 by its mean per word
  double coverage_penalty = 0;  // lowers the rank of outputs that leave source tokens out; for models with attention

  Index samples = 0;          // hypotheses drawn per sentence, at most most_samples; 0: search
  double temperature = 1;     // samples: probabilities to the power 1 / temperature, normalised again
  Index top_k = 0;            // samples: only so many most probable words; 0: all
  double top_p = 1;           // samples: of these the fewest most probable words with this share of the probability
  std::uint64_t seed = 1;     // samples
  bool minimum_risk = false;  // choose among the samples by minimum Bayes risk
  bool attention_weights = false;  // whether to compute the attention weights of the hypotheses

  Index batch = 64;                 // `decode` of lists: sentences per batch
  Index pad = 0,                    ///< id of padding
      bos = 1,                      ///< id before the first word
      eos = 2;                      ///< id after the last word, none of the other two; or no_eos
  std::function<bool()> stop = {};  // `decode` of lists: called before each batch, on any thread; true ends it
};

/// The scores of a model are not numbers.
class NanScores : public Error {
 public:
  /// Takes the message.
  using Error::Error;
};

/// Work ended early on request.
class Stopped : public Error {
 public:
  Stopped() : Error("stopped on request") {}
};

/// One output for a source.
struct Hypothesis {
  std::vector<Index> ids;                      // without bos and eos
  double score = 0;                            // the rank of hypotheses
  double log_probability = 0;                  // of all words, eos included
  std::vector<double> word_log_probabilities;  // [ids + eos if finished]; log_probability is their sum in order
  bool finished = false;                       // whether it ends with eos, not at the limit
  Tensor attention_weights;  // [ids + eos if finished, source tokens]; undefined unless requested and the model attends
};

using Hypotheses = std::vector<Hypothesis>;         // of one source, or one of each source
using Sentences = std::vector<std::vector<Index>>;  // ids, one list per sentence

/// Outputs for source [batch, source], per row best first. `prefixes` is empty or has one per row: the words that its
/// outputs begin with, without bos; one that ends with eos is the whole output.
///
/// Beam search (options.samples is 0):
/// - score = log-probability / length^length_penalty + coverage_penalty · Σ_i log min(1, Σ_j alpha_ij), with eos in the
///   length and the weights alpha of target word j on source token i (Wu et al. 2016, equation 14). Finished hypotheses
///   come before others.
/// - A finished hypothesis leaves the beam, which becomes narrower. Outputs never contain pad and bos.
/// - Of equal candidates the one of the higher ranked hypothesis wins, then the one of the smaller id.
///
/// Sampling: all samples in the order of drawing; the first n of more samples are n samples. Their random numbers are a
/// function of seed, source and number of the sample, so equal sources have equal samples. log_probability is the
/// model's, whatever the temperature. With options.minimum_risk, the different samples by their mean edit distance in
/// words to all samples, smallest first (Kumar and Byrne 2004; Eikema and Aziz 2020); score is its negative.
///
/// Decoding has no gradients, no dropout and one thread. A sentence's result has the same bits alone, in any batch and
/// with any padding. Each call copies the parameters in the order in which its products read them; a RowInvariant
/// around several calls keeps the copies of their thread.
///
/// Throws an Error
///
/// - for an option or prefix out of range, and for a coverage penalty without attention weights;
/// - when the model has no word with the id eos, or none beside pad and bos;
/// - when its logits do not have a row per hypothesis.
///
/// Throws NanScores for scores that are NaN.
std::vector<Hypotheses> decode(const Seq2Seq& model, const Tensor& source, const DecodeOptions& options = {},
                               const Sentences& prefixes = {});

/// The same for sentences of any lengths, on all threads, in batches of similar lengths. Results are in the order of
/// `sources`. Throws Stopped after options.stop returned true.
std::vector<Hypotheses> decode(const Seq2Seq& model, const Sentences& sources, const DecodeOptions& options = {},
                               const Sentences& prefixes = {});

/// The most probable word at each step: the only hypothesis of a beam of 1, per row.
Hypotheses greedy(const Seq2Seq& model, const Tensor& source, const DecodeOptions& options = {});

/// The given targets as hypotheses, one per source, without bos and eos: the probability of each word and of eos after
/// it. Bits are those of decoding the same output. Options besides penalties, batch, ids and stop have no effect.
Hypotheses score(const Seq2Seq& model, const Sentences& sources, const Sentences& targets,
                 const DecodeOptions& options = {});

}  // namespace gradus::models
