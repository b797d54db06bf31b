// Which words keep the table of their vectors (nn::WordVectors).
#include <vector>

#include <gradus/autograd/foundation/random.h>
#include <gradus/models/token_embedding.h>
#include <gradus/nn/training.h>

#include "catch.h"

namespace gradus::models_token_embedding_test {

TEST_CASE("words keep their table unless dropout, positions or a scale change each of them") {
  const auto keeps_table = [](const models::Seq2SeqOptions& o, models::Positions positions, bool tied, bool training) {
    nn::ParameterStore store(1);
    const models::TokenEmbedding words(store.root(), 8, o, positions, tied);
    const RandomScope random(1, 0);
    const nn::Training mode(training);
    return words(Tensor::from(std::vector<Index>{0, 1, 2, 3, 4, 5, 6, 7, 0}, {3, 3})).ids().defined();
  };
  using enum models::Positions;
  CHECK(keeps_table({.dim = 4}, none, false, true));
  CHECK(keeps_table({.dim = 4, .dropout = 0.1}, none, false, false));
  CHECK_FALSE(keeps_table({.dim = 4, .dropout = 0.1}, none, false, true));
  CHECK_FALSE(keeps_table({.dim = 4, .word_dropout = 0.1}, none, false, true));
  CHECK_FALSE(keeps_table({.dim = 4}, sinusoidal, false, true));
  CHECK_FALSE(keeps_table({.dim = 4}, none, true, true));
}

}  // namespace gradus::models_token_embedding_test
