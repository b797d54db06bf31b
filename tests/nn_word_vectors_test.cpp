// Projections of a table in place of its looked-up rows: the same bits, and right gradients.
#include <optional>
#include <vector>

#include <gradus/autograd/checks/gradcheck.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/ops.h>
#include <gradus/nn/embedding.h>
#include <gradus/nn/recurrent.h>

#include "catch.h"

namespace gradus::nn_word_vectors_test {

using Catch::Matchers::ContainsSubstring;

namespace {

// Ids [batch, time] in [0, rows), with repetitions.
Tensor draw_ids(Index batch, Index time, Index rows) {
  std::vector<Index> ids;
  for (Index i = 0; i < batch * time; ++i) ids.push_back(i * i % rows);
  return Tensor::from(ids, {batch, time});
}

}  // namespace

TEST_CASE("a recurrent network has the same bits on a table and on its looked-up rows") {
  const Index rows = 40, batch = 9, time = 13;
  for (const bool bf16 : {false, true}) {
    std::optional<Bf16Products> products;
    if (bf16) products.emplace();
    for (const auto kind : {nn::CellKind::rnn, nn::CellKind::gru, nn::CellKind::lstm}) {
      for (const bool norm : {false, true}) {
        CAPTURE(bf16, static_cast<int>(kind), norm);
        nn::ParameterStore store(1);
        const nn::Embedding table(store.root() / "table", rows, 70);
        const nn::Recurrent network(
            store.root() / "network",
            {.kind = kind, .in = 70, .hidden = 65, .layers = 2, .bidirectional = true, .norm = norm});
        const Tensor ids = draw_ids(batch, time, rows);
        const nn::WordVectors words = table.words(ids);
        REQUIRE(words.ids().defined());
        const Tensor looked_up = table(ids);
        CHECK(Tensor(words).to_vector<float>() == looked_up.to_vector<float>());
        CHECK(network(words).outputs.to_vector<float>() == network(looked_up).outputs.to_vector<float>());
      }
    }
  }
}

TEST_CASE("gradients of a recurrent network on a table") {
  for (const auto kind : {nn::CellKind::rnn, nn::CellKind::gru, nn::CellKind::lstm}) {
    nn::ParameterStore store(1, DType::f64);
    const nn::Embedding table(store.root() / "table", 5, 3);
    const nn::Recurrent network(store.root() / "network", {.kind = kind, .in = 3, .hidden = 2, .bidirectional = true});
    const nn::WordVectors words = table.words(draw_ids(2, 4, 5));
    REQUIRE(words.ids().defined());
    const GradcheckReport report =
        check_module([&](const std::vector<Tensor>&) { return network(table.words(draw_ids(2, 4, 5))).outputs; },
                     store.trainable(), {});
    INFO(to_string(report));
    CHECK(report.passed());
  }
}

TEST_CASE("a table is looked up at once for few ids, and with a padding row") {
  nn::ParameterStore store(1);
  const nn::Embedding table(store.root() / "table", 8, 3);
  const nn::Embedding padded(store.root() / "padded", 8, 3, 1, 0);
  CHECK(table.words(draw_ids(3, 3, 8)).ids().defined());
  CHECK_FALSE(table.words(draw_ids(2, 4, 8)).ids().defined());
  CHECK_FALSE(padded.words(draw_ids(3, 3, 8)).ids().defined());
}

TEST_CASE("wrong ids and tables of a recurrent network are refused") {
  nn::ParameterStore store(1);
  const nn::Embedding table(store.root() / "table", 8, 3);
  const nn::Recurrent network(store.root() / "network", {.in = 4, .hidden = 2});
  CHECK_THROWS_WITH(table.words(Tensor::from(std::vector<Index>{0, 8}, {2})), ContainsSubstring("'table'"));
  CHECK_THROWS_WITH(network(table.words(draw_ids(3, 3, 8))),
                    ContainsSubstring("Recurrent 'network': the table of x") && ContainsSubstring("[rows, 4]"));
  CHECK_THROWS_WITH(network(table.words(reshape(draw_ids(3, 3, 8), {9}))),
                    ContainsSubstring("the ids of x") && ContainsSubstring("[batch, time]"));
}

}  // namespace gradus::nn_word_vectors_test
