#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gradus/models/options.h>

namespace gradus::models {

/// Settings of `gradus train` with their values as text: {"model.ffn", "128"}.
using Assignments = std::vector<std::pair<std::string, std::string>>;

/// The size of a batch: sequences, tokens per source, tokens per target.
struct BatchSize {
  double sequences = 0,  ///< sequences per batch
      source = 0,        ///< tokens per source
      target = 0;        ///< tokens per target
};

/// The work of one forward pass, and the memory of a training step.
struct Cost {
  double multiply_adds = 0;      // of the matrix products
  double attention_weights = 0;  // numbers in the weights of all attention layers
  double kept = 0;  // numbers in memory at the peak, besides parameters and their gradients; fitted to measured peaks
};

/// A model's row in the registry: the differences between models besides their equations. Each field has a default.
struct ModelInfo {
  std::string summary = {};    // one line for messages and help
  bool images = false;         // the model classifies images and is no Seq2Seq
  bool attends = false;        // the model overrides Seq2Seq::attention_weights
  bool has_positions = false;  // options.max_length limits sequences, where limits_length(options.positions)
  /// Numbers that the output layer reads per word. Without it options.tied is not checked.
  Index (*output_width)(const Seq2SeqOptions&) = nullptr;
  /// Throws an Error on options that contradict each other.
  void (*check)(const Seq2SeqOptions&) = nullptr;
  /// Without it `gradus bench` prints 0 for the products of a step, and `gradus train` does not estimate its memory.
  Cost (*cost)(const Seq2SeqOptions&, const BatchSize&) = nullptr;
  /// The model's changes to the presets of `gradus train` (tiny, small, base), by the preset's name.
  std::map<std::string, Assignments> presets = {};
  /// The same for the sizes of `gradus bench`.
  std::map<std::string, Assignments> bench_sizes = {};
  /// The same for `gradus demo`.
  Assignments demo = {};
};

}  // namespace gradus::models
