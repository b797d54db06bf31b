#pragma once

#include <string>
#include <vector>

#include <gradus/bench/samples.h>
#include <gradus/data/batches.h>
#include <gradus/train/config.h>
#include <gradus/train/ranks.h>
#include <gradus/train/step.h>

namespace gradus::bench {

/// The training step to time: random tokens, sequences of one length, no padding.
struct StepSetup {
  std::string model, size;  // as given
  train::RunConfig run;     // the model, its dimensions and the training
  Index vocabulary = 0, source = 0, target = 0;
};

/// tiny, small, base.
std::vector<std::string> step_sizes();

/// A model of models::model_names() in one of the sizes, with changes: key=value, where key is dim, ffn, heads, layers,
/// vocabulary, batch, source or target, or a setting of train::settings(). Names of other benchmarks are accepted too:
/// rnn_attn, attn, lstm, lstm_attn; toy. Throws train::ConfigError on unknown names and on values out of range, Error
/// on options that contradict each other.
StepSetup step_setup(const std::string& model, const std::string& size, const std::vector<std::string>& changes);

/// The work of one forward pass over one batch.
models::Cost cost_of(const StepSetup& setup);

/// A batch of random tokens without padding, all of these lengths.
data::Batch draw_batch(const StepSetup& setup, Index source, Index target, std::uint64_t seed);

struct StepTimes {
  Samples step, forward, backward, clip, update;
  double products = 0;  // multiply-adds of the matrix products of one forward pass
  Index parameters = 0;
  double first_loss = 0, last_loss = 0;
  train::TrainingStep::Overlap exchange;  // of all steps, with ranks
};

/// Trains for about `seconds` on 8 batches in turn, after a short warm-up; with ranks, each computes its shards, and
/// all call it. Throws Error when there are more ranks than shards.
StepTimes time_steps(const StepSetup& setup, double seconds, train::Ranks* ranks = nullptr);

}  // namespace gradus::bench
