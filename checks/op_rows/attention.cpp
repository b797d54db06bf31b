#include <gradus/autograd/ops/attention.h>

#include <limits>

#include <gradus/autograd/ops/copying.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_attention(Rows& t) {
  const std::string op = "attention(Tensor, Tensor, Tensor, Integer, AttentionOptions)",
                    weights = "attention_weights(Tensor, Tensor, Integer, AttentionOptions)";
  struct Sizes {
    Index targets = 3, sources = 4;
  };
  const auto rows = [&](const std::string& what, Index heads, const AttentionOptions& options, Sizes n = {},
                        Verdict verdict_of_weights = Verdict::pass, Verdict verdict = Verdict::pass) {
    const Tensor q = random({2, n.targets, 4}, {-1, 1}), k = random({2, n.sources, 4}, {-1, 1}, 1),
                 v = random({2, n.sources, 6}, {}, 2);
    // The mask is the last input.
    const auto given = [options](const Tensors& in) {
      AttentionOptions all = options;
      if (all.mask.defined()) all.mask = in.back();
      return all;
    };
    Tensors three{q, k, v}, two{q, k};
    if (options.mask.defined()) {
      three.push_back(options.mask);
      two.push_back(options.mask);
    }
    t.add(op, what, three, [=](auto& in) { return attention(in[0], in[1], in[2], heads, given(in)); }).verdict =
        verdict;
    t.add(weights, what, two, [=](auto& in) { return attention_weights(in[0], in[1], heads, given(in)); }).verdict =
        verdict_of_weights;
  };
  rows("one head", 1, {});
  rows("two heads", 2, {});
  rows("causal", 2, {.causal = true});
  rows("causal, more targets than sources", 1, {.causal = true}, {4, 2});
  rows("causal, fewer targets than sources", 1, {.causal = true}, {2, 4});
  rows("padding", 2, {.mask = mask({1, 1, 1, 0, 1, 0, 0, 0}, {2, 1, 1, 4})});
  rows("padding and causal", 1, {.mask = mask({1, 1, 1, 0, 0, 1, 0, 0}, {2, 1, 1, 4}), .causal = true}, {4, 4});
  rows("one mask for all queries", 2, {.mask = mask({1, 1, 0, 1}, {4})});
  rows("one mask per query, for all sentences", 2, {.mask = mask({1, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1}, {3, 4})});
  rows("one mask per head", 2, {.mask = mask({1, 1, 0, 0, 0, 1, 1, 1}, {1, 2, 1, 4})});
  rows("queries that see nothing", 2, {.mask = mask({1, 0, 1}, {3, 1})});
  rows("one mask per query, one of them hides all", 1,
       {.mask = mask({1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1}, {2, 1, 3, 4})});
  rows("a sentence hidden whole", 2, {.mask = mask({1, 1, 0, 0, 0, 0, 0, 0}, {2, 1, 1, 4})});
  rows("a scale", 2, {.scale = 0.3});
  // The weight of a single source is 1 for every query.
  rows("one source", 1, {}, {2, 1}, Verdict::vacuous, Verdict::vacuous);
  rows("no targets", 1, {}, {0, 4}, Verdict::vacuous, Verdict::vacuous);
  rows("no sources", 1, {}, {3, 0}, Verdict::vacuous, Verdict::vacuous);
  t.add(op, "one tensor as query, key and value", {random({1, 4, 4})},
        [](auto& in) { return attention(in[0], in[0], in[0], 2, {.causal = true}); });
  t.add(op, "more queries than a block", {random({1, 70, 2}), random({1, 3, 2}, {}, 1), random({1, 3, 2}, {}, 2)},
        [](auto& in) { return attention(in[0], in[1], in[2], 1); });

  // A bias with its own gradient, beside masks. Four queries go one by one, more go in blocks.
  const auto biased = [&](const std::string& what, const Shape& bias, const AttentionOptions& options, Sizes n = {}) {
    const Tensor q = random({2, n.targets, 4}, {-1, 1}), k = random({2, n.sources, 4}, {-1, 1}, 1),
                 v = random({2, n.sources, 2}, {}, 2), b = random(bias, {-1, 1}, 3);
    const auto with = [options](const Tensor& given) {
      AttentionOptions all = options;
      all.bias = given;
      return all;
    };
    t.add(op, what, {q, k, v, b}, [=](auto& in) { return attention(in[0], in[1], in[2], 2, with(in[3])); });
    t.add(weights, what, {q, k, b}, [=](auto& in) { return attention_weights(in[0], in[1], 2, with(in[2])); });
  };
  biased("a bias per source", {4}, {});
  biased("a bias per query and source", {3, 4}, {.causal = true});
  biased("a bias per head", {2, 3, 4}, {.mask = mask({1, 1, 1, 0, 1, 0, 0, 0}, {2, 1, 1, 4})});
  biased("a bias per sentence and head", {2, 2, 3, 4}, {.scale = 0.3});
  biased("a bias per head in a block of queries", {2, 6, 4}, {.mask = mask({1, 1, 1, 0, 1, 1, 0, 1}, {2, 1, 1, 4})},
         {6, 4});
  biased("a bias per sentence and source in a block of queries", {2, 1, 1, 4}, {.causal = true}, {6, 4});
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor hiding = Tensor::from<double>({0, -inf, 0.5, -inf, -inf, -inf, -inf, -inf, 0, 1, -inf, 0}, {3, 4});
  t.add(op, "a bias of -inf hides", {random({1, 3, 4}), random({1, 4, 4}, {}, 1), random({1, 4, 2}, {}, 2)},
        [=](auto& in) { return attention(in[0], in[1], in[2], 2, {.bias = to(hiding, in[0].dtype())}); });
}

}  // namespace gradus::checks
