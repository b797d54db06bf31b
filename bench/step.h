#pragma once

#include <string>
#include <vector>

#include <gradus/bench/samples.h>
#include <gradus/train/config.h>

namespace gradus::bench {

/// What a training step is timed on: sequences of one length, of random tokens, without padding.
struct StepSetup {
  std::string model, config;  // as given
  train::RunConfig run;       // the model, its dimensions and the training
  Index vocabulary = 0, source = 0, target = 0;
};

std::vector<std::string> step_models();   // rnn, rnn_attn, attn, transformer, lstm, lstm_attn
std::vector<std::string> step_configs();  // toy, small, base

/// `changes`: key=value with a key of dim, ffn, heads, layers, vocabulary, batch, source, target, or one of the
/// settings of train::settings(). Throws train::ConfigError on what it does not know and on values that do not fit.
StepSetup step_setup(const std::string& model, const std::string& config, const std::vector<std::string>& changes);

struct StepTimes {
  Samples step, forward, backward, clip, update;
  double products = 0;  // multiply-adds of the matrix products of one forward pass
  Index parameters = 0;
  double first_loss = 0, last_loss = 0;
};

/// Trains for about `seconds` after a short warm-up, on 8 batches in turn.
StepTimes time_steps(const StepSetup& setup, double seconds);

}  // namespace gradus::bench
