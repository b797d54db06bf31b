#include <algorithm>
#include <set>
#include <string>

#include <gradus/autograd/engine/backward.h>
#include <gradus/bench/every_op.h>
#include <gradus/checks/op_table.h>

#include "catch.h"
#include "program.h"

// `gradus bench ops --part every`.
namespace gradus::bench_every_op_test {

TEST_CASE("bench ops has a row for every op") {
  std::set<std::string> rows;
  for (const bench::EveryOp& op : bench::every_op()) CHECK(rows.insert(op.name).second);
  for (const checks::Row& row : checks::ops()) {
    const std::string name = row.op.substr(0, row.op.find('('));
    if (name.rfind("operator", 0) == 0) continue;
    INFO("no row in bench/every_op.cpp for " << name);
    CHECK(rows.count(name) == 1);
  }
}

TEST_CASE("the rows of bench ops have gradients where their operands require them") {
  const std::set<std::string> without{"argmax",  "argmin",      "any", "all",         "count_nonzero", "argsort",
                                      "one_hot", "causal_mask", "eye", "multinomial", "bernoulli"};
  for (const bench::EveryOp& op : bench::every_op()) {
    CAPTURE(op.name);
    const std::vector<Tensor> in = op.operands(32768);
    const Tensor y = op.f(in);
    const bool leaves = std::any_of(in.begin(), in.end(), [](const Tensor& t) { return t.requires_grad(); });
    CHECK(y.requires_grad() == (leaves && without.count(op.name) == 0));
    if (y.requires_grad()) backward(y, {.seed = Tensor::ones(y.shape())});
  }
}

TEST_CASE("bench ops --part every prints times and shares of the roofline") {
  const data::Scratch scratch;
  const Ran ran = run(scratch, "bench ops --part every --filter hardswish --seconds 0.001 --threads 2");
  CHECK(ran.code == 0);
  CHECK_THAT(ran.out, Catch::Matchers::ContainsSubstring("# roofline: the bandwidth of a copy"));
  CHECK_THAT(ran.out, Catch::Matchers::ContainsSubstring("\nhardswish "));
}

}  // namespace gradus::bench_every_op_test
