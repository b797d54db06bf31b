#include <gradus/autograd/checks/graph_dot.h>
#include <gradus/autograd/ops.h>
#include <gradus/nn/linear.h>

#include "catch.h"
#include "scaled.h"

namespace gradus::autograd_graph_dot_test {

using Catch::Matchers::ContainsSubstring;

TEST_CASE("a drawing contains each op, shape and parameter once") {
  nn::ParameterStore store(1);
  const nn::Linear layer(store.root() / "query", 3, 2);
  const Tensor x = Tensor::zeros({4, 3});
  const std::string dot = graph_to_dot(sum(tanh(layer(x)) * layer(x)));
  CHECK_THAT(dot, ContainsSubstring("label=\"sum\\n[]\""));
  CHECK_THAT(dot, ContainsSubstring("label=\"tanh\\n[4, 2]\""));
  CHECK_THAT(dot, ContainsSubstring("n0 [label=\"sum"));
  CHECK_THAT(dot, ContainsSubstring("n1 -> n0;"));
  const std::string weight = "label=\"query.weight\\n[2, 3]\"";
  CHECK_THAT(dot, ContainsSubstring(weight));
  CHECK(dot.find(weight) == dot.rfind(weight));
}

TEST_CASE("quotes and backslashes in names do not end a label") {
  Tensor x = Tensor::zeros({1});
  x.set_requires_grad().set_name("a\"b\\");
  CHECK_THAT(graph_to_dot(x * 2.0), ContainsSubstring("label=\"a\\\"b\\\\\\n[1]\""));
}

TEST_CASE("a graph of any depth is drawn") {
  Tensor x = Tensor::zeros({});
  x.set_requires_grad();
  Tensor y = x;
  const int n = scaled(100000);
  for (int i = 0; i < n; ++i) y = y + 1.0;
  CHECK_THAT(graph_to_dot(y), ContainsSubstring("n" + std::to_string(n) + " -> n" + std::to_string(n - 1) + ";"));
}

TEST_CASE("under KeepRegions a drawing has a box per layer, with its parameters and ops, and the named inputs") {
  nn::ParameterStore store(1);
  const nn::Linear query(store.root() / "heads" / 0 / "query", 3, 2);
  const Tensor x = Tensor::zeros({4, 3}).set_name("x"), ids = Tensor::zeros({4, 1}, DType::i64).set_name("ids");
  const KeepRegions keep;
  const Tensor y = tanh(query(x)) * not_equal(ids, 0.0);
  const std::string dot = graph_to_dot(sum(y));
  for (const char* part : {"subgraph \"cluster_heads.0\" {\n  label=\"heads.0\"",
                           "subgraph \"cluster_heads.0.query\" {\n  label=\"query\"", "label=\"weight\\n[2, 3]\"",
                           "label=\"linear\\n[4, 2]\"", "label=\"x\\n[4, 3]\"", "label=\"ids\\n[4, 1]\"",
                           "d0 -> n1 [style=dashed]", "d1 -> n3 [style=dashed]"}) {
    CAPTURE(part);
    CHECK_THAT(dot, ContainsSubstring(part));
  }
  CHECK(dot.find("label=\"tanh") < dot.find("subgraph"));

  const std::string folded = graph_to_dot(sum(y), 1);
  CHECK_THAT(folded, ContainsSubstring("layer_0 [label=\"heads.0\\n1 op\""));
  CHECK_THAT(folded, ContainsSubstring("layer_0 -> n2;"));
  CHECK_THAT(folded, !ContainsSubstring("weight"));
}

}  // namespace gradus::autograd_graph_dot_test
