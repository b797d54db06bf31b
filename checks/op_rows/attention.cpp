#include <gradus/autograd/ops/attention.h>

#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_attention(Rows& t) {
  const std::string op = "attention(Tensor, Tensor, Tensor, Integer, Tensor, Flag, Scalar)",
                    weights = "attention_weights(Tensor, Tensor, Integer, Tensor, Flag, Scalar)";
  struct Sizes {
    Index targets = 3, sources = 4;
    double scale = 0;
  };
  const auto rows = [&](const std::string& what, Index heads, const Tensor& visible, bool causal, Sizes n = {},
                        Verdict verdict_of_weights = Verdict::pass, Verdict verdict = Verdict::pass) {
    const Tensor q = random({2, n.targets, 4}, {-1, 1}), k = random({2, n.sources, 4}, {-1, 1}, 1),
                 v = random({2, n.sources, 6}, {}, 2);
    t.add(op, what, {q, k, v}, [=](auto& in) {
       return attention(in[0], in[1], in[2], heads, visible, causal, n.scale);
     }).verdict = verdict;
    t.add(weights, what, {q, k}, [=](auto& in) {
       return attention_weights(in[0], in[1], heads, visible, causal, n.scale);
     }).verdict = verdict_of_weights;
  };
  rows("one head", 1, {}, false);
  rows("two heads", 2, {}, false);
  rows("causal", 2, {}, true);
  rows("causal, more targets than sources", 1, {}, true, {4, 2});
  rows("causal, fewer targets than sources", 1, {}, true, {2, 4});
  rows("padding", 2, mask({1, 1, 1, 0, 1, 0, 0, 0}, {2, 1, 1, 4}), false);
  rows("padding and causal", 1, mask({1, 1, 1, 0, 0, 1, 0, 0}, {2, 1, 1, 4}), true, {4, 4});
  rows("one mask for all queries", 2, mask({1, 1, 0, 1}, {4}), false);
  rows("one mask per query, for all sentences", 2, mask({1, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1}, {3, 4}), false);
  rows("one mask per head", 2, mask({1, 1, 0, 0, 0, 1, 1, 1}, {1, 2, 1, 4}), false);
  rows("queries that see nothing", 2, mask({1, 0, 1}, {3, 1}), false);
  rows("one mask per query, one of them hides all", 1,
       mask({1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1}, {2, 1, 3, 4}), false);
  rows("a sentence hidden whole", 2, mask({1, 1, 0, 0, 0, 0, 0, 0}, {2, 1, 1, 4}), false);
  rows("a scale", 2, {}, false, {3, 4, 0.3});
  // The weight of a single source is 1 for every query.
  rows("one source", 1, {}, false, {2, 1}, Verdict::vacuous, Verdict::vacuous);
  rows("no targets", 1, {}, false, {0, 4}, Verdict::vacuous, Verdict::vacuous);
  rows("no sources", 1, {}, false, {3, 0}, Verdict::vacuous, Verdict::vacuous);
  t.add(op, "one tensor as query, key and value", {random({1, 4, 4})},
        [](auto& in) { return attention(in[0], in[0], in[0], 2, {}, true); });
  t.add(op, "more queries than a block", {random({1, 70, 2}), random({1, 3, 2}, {}, 1), random({1, 3, 2}, {}, 2)},
        [](auto& in) { return attention(in[0], in[1], in[2], 1); });
}

}  // namespace gradus::checks
