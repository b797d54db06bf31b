#pragma once

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include <gradus/models/options.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/linear.h>
#include <gradus/nn/positions.h>

// Where ids enter a model and where they leave it.
namespace gradus::models {

/// Ids [..., time] -> vectors [..., time, dim]: the embedding, what tells the position, dropout.
struct WordVectors {
  nn::Embedding embedding;
  double scale;  // sqrt(dim) where the table is the output layer as well (Vaswani et al. 2017, 3.4)
  std::optional<nn::SinusoidalPositions> sinusoidal;
  std::optional<nn::LearnedPositions> learned;
  Index max_length;
  nn::Dropout dropout;

  /// `shared`: the table is drawn to serve as output layer too.
  WordVectors(nn::Scope scope, Index vocabulary, const Seq2SeqOptions& o, Positions positions, bool shared)
      : embedding(scope / "embedding", vocabulary, o.dim, shared ? 1 / std::sqrt(static_cast<double>(o.dim)) : 1),
        scale(shared ? std::sqrt(static_cast<double>(o.dim)) : 1),
        max_length(o.max_length),
        dropout{o.dropout} {
    if (positions == Positions::sinusoidal) sinusoidal.emplace(o.max_length, o.dim, scope.dtype());
    if (positions == Positions::learned) learned.emplace(scope / "positions", o.max_length, o.dim);
  }

  /// The most ids that one sequence may have.
  Index longest() const { return sinusoidal || learned ? max_length : std::numeric_limits<Index>::max(); }

  /// `start` is the position of the first id. Throws beyond max_length, where there are positions.
  Tensor operator()(const Tensor& ids, Index start = 0) const {
    if (start + ids.size(-1) > longest())
      throw Error(
          fmt::format("a sequence of {} tokens is longer than the {} positions of {} (option max_length): shorten it, "
                      "or train with a larger max_length or with positions = none",
                      start + ids.size(-1), max_length, embedding.weight.name()));
    Tensor x = embedding(ids);
    if (scale != 1) x = x * scale;
    if (sinusoidal) x = (*sinusoidal)(x, start);
    if (learned) x = (*learned)(x, start);
    return dropout(x);
  }
};

/// Vectors [..., width] -> logits [..., target_vocab]: dropout and a linear layer, whose weight may be the embedding's.
struct WordScores {
  nn::Dropout dropout;
  nn::Linear linear;

  WordScores(nn::Scope scope, const Seq2SeqOptions& o, Index width, const WordVectors& target)
      : dropout{o.dropout},
        linear(o.tied ? nn::Linear::tied(scope, target.embedding.weight) : nn::Linear(scope, width, o.target_vocab)) {}

  Tensor operator()(const Tensor& x) const { return linear(dropout(x)); }
};

}  // namespace gradus::models
