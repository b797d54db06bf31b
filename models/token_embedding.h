#pragma once

#include <cmath>
#include <limits>
#include <optional>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/models/options.h>
#include <gradus/nn/dropout.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/positions.h>

namespace gradus::models {

/// Ids [..., time] -> vectors [..., time, dim]: an embedding, word dropout, plus positions if any, then dropout.
struct TokenEmbedding {
  nn::Embedding embedding;  // [vocabulary, dim]
  double scale;             // sqrt(dim) for a table that is also the output layer (Vaswani et al. 2017, 3.4), else 1
  nn::SharedDropout word_dropout;              // of whole vectors
  std::optional<nn::PositionTable> positions;  // of Positions::sinusoidal and learned
  nn::Dropout dropout;                         // of the sum

  /// `tied`: the table is also the weight of the output layer.
  TokenEmbedding(nn::Scope scope, Index vocabulary, const Seq2SeqOptions& o, Positions kind = Positions::none,
                 bool tied = false)
      : embedding(scope / "embedding", vocabulary, o.dim, tied ? 1 / std::sqrt(static_cast<double>(o.dim)) : 1),
        scale(tied ? std::sqrt(static_cast<double>(o.dim)) : 1),
        word_dropout{o.word_dropout},
        dropout{o.dropout} {
    if (kind == Positions::sinusoidal) positions = nn::SinusoidalPositions(scope / "positions", o.max_length, o.dim);
    if (kind == Positions::learned) positions = nn::LearnedPositions(scope / "positions", o.max_length, o.dim);
  }

  /// The number of ids that a sequence may have.
  Index max_length() const { return positions ? positions->max_length() : std::numeric_limits<Index>::max(); }

  /// `start` is the position of the first id. Equal ids have equal vectors if nothing but the embedding changes them;
  /// then a recurrent network projects the table instead. Throws when the sequence is longer than max_length.
  nn::WordVectors operator()(const Tensor& ids, Index start = 0, Place place = Place::current()) const {
    const Region region(embedding.path);
    const bool dropped = word_dropout.active(place) || dropout.active(place);
    if (scale == 1 && !positions && !dropped) return embedding.words(ids, place);
    Tensor x = embedding(ids, place);
    if (scale != 1) x = mul({x, place}, scale);
    x = word_dropout(x, place);
    if (positions) x = (*positions)(x, start, place);
    return dropout(x, place);
  }
};

}  // namespace gradus::models
