// Losses, activations and einsum against PyTorch in double precision. tests/reference/losses.py prints the numbers.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <gradus/autograd/ops.h>

#include "losses_reference.h"
#include "torch_comparison.h"

namespace gradus::autograd_losses_test {

using Tensors = std::vector<Tensor>;

namespace {

Tensor constant(const std::vector<double>& values) { return leaf(values).detach(); }
/// Numbers in (0, 1).
Tensor probabilities(const Shape& shape, double phase = 1) {
  return (ramp(shape, phase).detach() * 0.4 + 0.5).set_requires_grad();
}
const std::vector<std::pair<std::string, Reduction>> reductions{
    {"none", Reduction::none}, {"mean", Reduction::mean}, {"sum", Reduction::sum}};

}  // namespace

TEST_CASE("losses, activations and einsum have PyTorch's values, gradients and conventions") {
  TorchComparison compare(reference::losses);
  const Tensor weight = constant({0.5, 2, 1.2}), pos_weight = leaf({1.5, 0.25}, {2, 1}).detach();
  for (const auto& [name, reduction] : reductions) {
    const Reduction r = reduction;
    for (bool weighted : {false, true}) {
      const Tensor w = weighted ? weight : Tensor();
      const std::string end = weighted ? ", weighted" : "";
      for (const std::string smoothing : {"0.0", "0.1"}) {
        compare("cross_entropy of probabilities " + name + ", smoothing " + smoothing + end,
                [&](auto& in) {
                  return cross_entropy(in[0], in[1],
                                       {.weight = w, .label_smoothing = std::stod(smoothing), .reduction = r});
                },
                {ramp({4, 3}), probabilities({4, 3}, 2)});
      }
      compare("nll_loss " + name + end,
              [&](auto& in) {
                return nll_loss(in[0], ids({2, 0, 1, 2}, {4}), {.weight = w, .ignore_index = 1, .reduction = r});
              },
              {ramp({4, 3})});
    }
    compare("binary_cross_entropy " + name,
            [=](auto& in) { return binary_cross_entropy(in[0], in[1], {.reduction = r}); },
            {probabilities({2, 3}), probabilities({2, 3}, 2)});
    compare("binary_cross_entropy_with_logits " + name,
            [=](auto& in) { return binary_cross_entropy_with_logits(in[0], in[1], {.reduction = r}); },
            {ramp({2, 3}), probabilities({2, 3}, 2)});
    compare("binary_cross_entropy_with_logits " + name + ", weighted",
            [=](auto& in) {
              return binary_cross_entropy_with_logits(in[0], in[1],
                                                      {.weight = weight, .pos_weight = pos_weight, .reduction = r});
            },
            {ramp({2, 3}), probabilities({2, 3}, 2)});
    compare("l1_loss " + name, [=](auto& in) { return l1_loss(in[0], in[1], r); }, {ramp({2, 3}), ramp({2, 3}, 2)});
    for (const std::string beta : {"1.0", "0.3", "0.0"}) {
      compare("smooth_l1_loss " + name + ", beta " + beta,
              [=](auto& in) { return smooth_l1_loss(in[0], in[1], r, std::stod(beta)); },
              {ramp({2, 3}), ramp({2, 3}, 2)});
    }
    for (const std::string delta : {"1.0", "0.3"}) {
      compare("huber_loss " + name + ", delta " + delta,
              [=](auto& in) { return huber_loss(in[0], in[1], r, std::stod(delta)); }, {ramp({2, 3}), ramp({2, 3}, 2)});
    }
  }
  auto with_batchmean = reductions;
  with_batchmean.emplace_back("batchmean", Reduction::batchmean);
  for (const auto& [name, reduction] : with_batchmean) {
    const Reduction r = reduction;
    compare("kl_div " + name, [=](auto& in) { return kl_div(in[0], in[1], r); },
            {ramp({2, 3}), probabilities({2, 3}, 2)});
    compare("kl_div " + name + ", log_target", [=](auto& in) { return kl_div(in[0], in[1], r, true); },
            {ramp({2, 3}), ramp({2, 3}, 2)});
  }
  compare("kl_div of a target with zeros",
          [](auto& in) {
            return kl_div(in[0], constant({0, 0.4, 0.6}), Reduction::none);
          },
          {ramp({3})});
  compare("binary_cross_entropy at 0 and 1",
          [](auto& in) {
            return binary_cross_entropy(in[0].detach(), constant({0, 1, 1, 0}), {.reduction = Reduction::none});
          },
          {leaf({0, 1, 0, 1})});
  compare("binary_cross_entropy, weighted",
          [&](auto& in) {
            return binary_cross_entropy(in[0], constant({0, 1, 0.3}), {.weight = weight});
          },
          {leaf({0.2, 0.7, 0.4})});
  compare("binary_cross_entropy_with_logits, large logits",
          [](auto& in) {
            return binary_cross_entropy_with_logits(in[0], constant({0, 1, 0.5, 0, 1}), {.reduction = Reduction::none});
          },
          {leaf({-1e3, 1e3, 700, 800, -900})});
  compare("l1_loss at 0", [](auto& in) { return l1_loss(in[0], constant({1, 2}), Reduction::none); }, {leaf({1, 1})});
  const Tensor zeros = constant({0, 0, 0});
  compare("smooth_l1_loss at the kinks", [&](auto& in) { return smooth_l1_loss(in[0], zeros, Reduction::none, 0.5); },
          {leaf({0.5, -0.5, 0})});
  compare("huber_loss at the kinks", [&](auto& in) { return huber_loss(in[0], zeros, Reduction::none, 0.5); },
          {leaf({0.5, -0.5, 0})});

  // PyTorch's gradient of ctc_loss is that of the logits.
  const Tensor targets = ids({1, 2, 2, 2, 1, -7, 3, -7, -7}, {3, 3}), in_a_row = ids({1, 2, 2, 2, 1, 3}, {6}),
               frames = ids({6, 6, 4}, {3}), labels = ids({3, 2, 1}, {3});
  for (const auto& [name, reduction] : reductions) {
    compare("ctc_loss " + name,
            [&, r = reduction](auto& in) {
              return ctc_loss(log_softmax(in[0], 2), targets, frames, labels, {.reduction = r});
            },
            {ramp({6, 3, 4})});
  }
  compare("ctc_loss, all labels in a row",
          [&](auto& in) { return ctc_loss(log_softmax(in[0], 2), in_a_row, frames, labels); }, {ramp({6, 3, 4})});
  compare("ctc_loss, blank 3",
          [&](auto& in) {
            return ctc_loss(log_softmax(in[0], 2), narrow(targets, 0, 0, 2), narrow(frames, 0, 0, 2),
                            narrow(labels, 0, 0, 2), {.blank = 3});
          },
          {ramp({6, 2, 4})});
  compare("ctc_loss, one sequence",
          [](auto& in) {
            return ctc_loss(log_softmax(in[0], 1), ids({1, 1}, {2}), ids({5}, {}), ids({2}, {}));
          },
          {ramp({5, 3})});
  compare("ctc_loss, an empty target",
          [](auto& in) {
            return ctc_loss(log_softmax(in[0], 2), ids({1, 1}, {2, 1}), ids({3, 3}, {2}), ids({0, 1}, {2}));
          },
          {ramp({3, 2, 3})});
  const auto too_long = [](const Tensor& x, const CtcLossOptions& options) {
    return ctc_loss(log_softmax(x, 2), ids({1, 1, 1, 2}, {2, 2}), ids({2, 2}, {2}), ids({2, 2}, {2}), options);
  };
  compare("ctc_loss, a target too long",
          [&](auto& in) { return too_long(in[0].detach(), {.reduction = Reduction::none}); }, {ramp({2, 2, 3})});
  compare("ctc_loss, a target too long, zero_infinity",
          [&](auto& in) { return too_long(in[0], {.zero_infinity = true}); }, {ramp({2, 2, 3})});

  const Tensor x = leaf({-30, -5, -3, -1, -0.5, 0, 0.5, 1, 3, 5, 30});
  const std::vector<std::pair<const char*, std::function<Tensor(const Tensor&)>>> activations{
      {"leaky_relu", [](auto& v) { return leaky_relu(v); }},
      {"leaky_relu 0.3", [](auto& v) { return leaky_relu(v, 0.3); }},
      {"elu", [](auto& v) { return elu(v); }},
      {"elu 0.7", [](auto& v) { return elu(v, 0.7); }},
      {"celu", [](auto& v) { return celu(v); }},
      {"celu 0.75", [](auto& v) { return celu(v, 0.75); }},
      {"selu", selu},
      {"mish", mish},
      {"log_sigmoid", log_sigmoid},
      {"hardtanh", [](auto& v) { return hardtanh(v); }},
      {"hardtanh -3 to 0.5", [](auto& v) { return hardtanh(v, -3, 0.5); }},
      {"hardsigmoid", hardsigmoid},
      {"hardswish", hardswish},
      {"softplus 0.5", [](auto& v) { return softplus(v, 0.5); }},
  };
  for (const auto& [name, f] : activations) compare(name, [&, g = f](auto& in) { return g(in[0]); }, {x});
  compare("glu", [](auto& in) { return glu(in[0]); }, {ramp({2, 4})});
  compare("glu of the leading axis", [](auto& in) { return glu(in[0], 0); }, {ramp({2, 4})});

  const Tensor words = ids({1, 0, 1, 2}, {2, 2});
  compare("embedding with padding_idx", [&](auto& in) { return embedding(in[0], words, 1); }, {ramp({3, 2})});
  compare("embedding with a negative padding_idx", [&](auto& in) { return embedding(in[0], words, -1); },
          {ramp({3, 2})});
  compare("one_hot", [](auto&) { return one_hot(ids({2, 0, 1, 1}, {2, 2})); }, {});
  compare("one_hot of 4 classes", [](auto&) { return one_hot(ids({2, 0}, {2}), 4); }, {});

  const auto sums = [&](const std::string& equation, const Tensors& inputs) {
    compare(
        "einsum " + equation, [&](auto& in) { return einsum(equation, in); }, inputs);
  };
  const Tensor a = ramp({2, 3}), b = ramp({3, 2}, 2), c = ramp({2, 2, 3}, 3);
  sums("ij,jk", {a, b});
  sums("ij,jk->ki", {a, b});
  sums("ij, jk -> ", {a, b});
  sums("ba", {a});
  sums("iB", {a});
  sums("ii", {ramp({3, 3})});
  sums("ii->i", {ramp({3, 3})});
  sums("jii->ij", {ramp({2, 3, 3})});
  sums("iii->i", {ramp({2, 2, 2})});
  sums("iijj->ij", {ramp({2, 2, 2, 2})});
  sums("ii,ij", {ramp({2, 2}), a});
  sums("i,j->ij", {ramp({2}), ramp({3}, 2)});
  sums("ij,ij->ij", {a, ramp({2, 3}, 2)});
  sums("ij,ij", {a, ramp({2, 3}, 2)});
  sums("bij,bkj->bik", {c, ramp({2, 2, 3})});
  sums("...ij,...jk", {ramp({2, 1, 2, 3}), ramp({3, 3, 2}, 2)});
  sums("...ij,...jk->ik", {ramp({2, 1, 2, 3}), ramp({3, 3, 2}, 2)});
  sums("i...,...j->j...", {ramp({2, 3}), ramp({3, 2}, 2)});
  sums("...", {a});
  sums("i...->...", {c});
  sums("ij,jk,kl->il", {a, b, ramp({2, 2}, 3)});
  sums("bi,oij,bj->bo", {ramp({2, 2}), c, ramp({2, 3}, 2)});
  sums("ij,ij->i", {ramp({2, 1}), ramp({1, 3}, 2)});
  sums("ij,ij->j", {ramp({2, 1}), ramp({2, 3}, 2)});
  sums(",i->i", {leaf({2}, {}), ramp({3})});
  sums("ab,cd", {ramp({2, 2}), ramp({2, 2}, 2)});
  CHECK(compare.cases() == reference::losses.size());
}

TEST_CASE("intended differences of losses from PyTorch") {
  // A mean over nothing is 0, not NaN.
  CHECK(nll_loss(ramp({2, 3}), ids({1, 1}, {2}), {.ignore_index = 1}).item() == 0);
  CHECK(l1_loss(ramp({0, 3}), ramp({0, 3})).item() == 0);
  // A target without an alignment has the gradient 0, not NaN.
  const Tensor x = ramp({1, 1, 3});
  const Tensor loss = ctc_loss(x, ids({1, 2}, {1, 2}), ids({1}, {1}), ids({2}, {1}));
  CHECK(loss.item() == INFINITY);
  loss.backward();
  CHECK(numbers(x.grad()) == std::vector<double>(3));
  // The loss of a probability near 0 keeps its digits: PyTorch gives 0 here.
  CHECK(binary_cross_entropy_with_logits(constant({-50}), constant({0})).item() ==
        Approx(std::exp(-50.0)).epsilon(1e-14));
}

TEST_CASE("losses at infinite distances have the gradients of the limits") {
  const Tensor x = leaf({INFINITY, -INFINITY, 3}), zeros = constant({0, 0, 0});
  CHECK(numbers(grad({huber_loss(x, zeros, Reduction::sum, 0.5)}, {x})[0]) == std::vector<double>{0.5, -0.5, 0.5});
  const Tensor log_p = leaf({-INFINITY, -INFINITY, 0}), p = constant({0, 0.25, 0.75});
  const Tensor divergence = kl_div(log_p, p, Reduction::none);
  CHECK(numbers(divergence)[0] == 0);
  CHECK(numbers(divergence)[1] == INFINITY);
  CHECK(numbers(grad({sum(divergence)}, {log_p})[0]) == std::vector<double>{0, -0.25, -0.75});
}

namespace {

// -log of the sum over all paths of frames whose labels, without repetitions and blanks, are the target.
double by_enumeration(const Tensor& log_probs, const std::vector<Index>& target, Index blank) {
  const Index frames = log_probs.shape()[0], classes = log_probs.shape()[1];
  Index paths = 1;
  for (Index t = 0; t < frames; ++t) paths *= classes;
  double total = 0;
  for (Index path = 0; path < paths; ++path) {
    std::vector<Index> found;
    Index rest = path, before = blank;
    double log_p = 0;
    for (Index t = 0; t < frames; ++t, rest /= classes) {
      const Index label = rest % classes;
      log_p += log_probs.data<double>()[t * classes + label];
      if (label != blank && label != before) found.push_back(label);
      before = label;
    }
    if (found == target) total += std::exp(log_p);
  }
  return -std::log(total);
}

}  // namespace

TEST_CASE("ctc_loss is the sum over all alignments") {
  const Index frames = 5, classes = 3;
  for (Index blank = 0; blank < classes; ++blank) {
    const Tensor x = log_softmax(ramp({frames, classes}, static_cast<double>(blank)).detach() * 2.0, -1);
    const Index a = (blank + 1) % classes, b = (blank + 2) % classes;
    for (const std::vector<Index>& target : std::vector<std::vector<Index>>{
             {}, {a}, {a, a}, {a, b}, {a, a, b}, {b, a, b, a, b}, {a, a, a}, {a, a, b, b}}) {
      const Index length = std::ssize(target);
      const Tensor loss = ctc_loss(x, ids(target, {length}), ids({frames}, {}), ids({length}, {}),
                                   {.blank = blank, .reduction = Reduction::sum});
      CHECK(loss.item() == Approx(by_enumeration(x, target, blank)).epsilon(1e-13));
    }
  }
}

TEST_CASE("ctc_loss of long inputs is finite, with gradients that sum to -1 per frame") {
  const Index frames = 2000, labels = 300;
  std::vector<Index> target;
  for (Index i = 0; i < labels; ++i) target.push_back(1 + i % 4);
  for (DType dtype : {DType::f32, DType::f64}) {
    Tensor x = to(log_softmax(ramp({frames, 1, 5}).detach() * 3.0, -1), dtype).set_requires_grad();
    const Tensor loss =
        ctc_loss(x, ids(target, {1, labels}), ids({frames}, {1}), ids({labels}, {1}), {.reduction = Reduction::sum});
    CHECK(std::isfinite(loss.item()));
    loss.backward();
    const std::vector<double> per_frame = numbers(sum(x.grad(), {1, 2}));
    for (double g : per_frame) CHECK(g == Approx(-1).epsilon(dtype == DType::f32 ? 1e-6 : 1e-9));
  }
}

TEST_CASE("an overwritten target of a loss does not change its gradient") {
  const auto gradient = [](bool overwrite, auto loss) {
    Tensor x = log_softmax(ramp({4, 2, 3}).detach(), -1).set_requires_grad();
    Tensor target = ids({1, 2, 2, 1}, {2, 2}), lengths = ids({2, 2}, {2});
    const Tensor y = loss(x, target, lengths);
    if (overwrite) {
      target.mutable_data<Index>()[0] = 1000;
      lengths.mutable_data<Index>()[1] = 1000;
    }
    y.backward();
    return numbers(x.grad());
  };
  const auto ctc = [](const Tensor& x, const Tensor& target, const Tensor& lengths) {
    return ctc_loss(x, target, ids({4, 4}, {2}), lengths);
  };
  const auto nll = [](const Tensor& x, const Tensor& target, const Tensor&) {
    return nll_loss(narrow(x, 0, 0, 2), target);
  };
  CHECK(gradient(true, ctc) == gradient(false, ctc));
  CHECK(gradient(true, nll) == gradient(false, nll));
}

TEST_CASE("wrong targets of losses are errors") {
  const Tensor x = ramp({4, 2, 3}), two = ids({2, 2}, {2}), targets = ids({1, 2, 2, 1}, {2, 2});
  const auto says = [](auto call, const std::string& words) {
    INFO(words);
    CHECK_THROWS_WITH(call(), Catch::Matchers::ContainsSubstring(words) &&
                                  Catch::Matchers::ContainsSubstring("autograd_losses_test.cpp"));
  };
  says([&] { ctc_loss(x, ids({1, 2, 3, 1}, {2, 2}), two, two); }, "label 3 at position 0 of target 1 is out of range");
  says([&] { ctc_loss(x, ids({1, 0, 2, 1}, {2, 2}), two, two); }, "label 0 at position 1 of target 0 is the blank");
  says([&] { ctc_loss(x, targets, ids({5, 2}, {2}), two); }, "input length 5 at position 0 is outside [0, 4]");
  says([&] { ctc_loss(x, targets, ids({-1, 2}, {2}), two); }, "input length -1");
  says([&] { ctc_loss(x, targets, two, ids({2, 3}, {2})); }, "target length 3 at position 1 is outside [0, 2]");
  says([&] { ctc_loss(x, targets, two, ids({2}, {1})); }, "target_lengths i64 [1]");
  says([&] { ctc_loss(x, targets, ramp({2}), two); }, "input_lengths f64 [2]");
  says([&] { ctc_loss(x, ids({1, 2}, {1, 2}), two, two); }, "targets i64 [1, 2]");
  says([&] { ctc_loss(x, ids({1, 2, 1, 1, 1}, {5}), two, two); }, "sum to 4");
  says([&] { ctc_loss(x, ids({1, 2, 1}, {3}), two, two); }, "outside [0, 1]");
  says([&] { ctc_loss(x, targets, two, two, {.blank = 3}); }, "blank 3 is outside [0, 3)");
  says([&] { ctc_loss(ramp({3}), targets, two, two); }, "f64 [3]");
  says([&] { ctc_loss(x, targets, two, two, {.reduction = Reduction::batchmean}); }, "batchmean");

  const Tensor logits = ramp({2, 3});
  says([&] { nll_loss(logits, ids({0, 3}, {2})); }, "target 3 at position 1 is outside [0, 3)");
  says([&] { nll_loss(logits, ids({0}, {1})); }, "nll_loss: f64 [2, 3] and target i64 [1]");
  says([&] { nll_loss(logits, ids({0, 1}, {2}), {.weight = constant({1, 2})}); }, "expected [3]");
  says([&] { nll_loss(logits, ids({0, 1}, {2}), {.reduction = Reduction::batchmean}); }, "batchmean");
  says([&] { cross_entropy(logits, ramp({2, 2})); }, "f64 [2, 2]");
  says([&] { cross_entropy(logits, to(logits, DType::f32)); }, "f32 [2, 3]");
  says([&] { cross_entropy(logits, logits, {.ignore_index = 1}); }, "ignore_index 1");
  says([&] { cross_entropy(logits, logits, {.weight = constant({1, 2})}); }, "expected [3]");
  says([&] { l1_loss(logits, ramp({3})); }, "l1_loss: f64 [2, 3] and f64 [3]");
  says([&] { smooth_l1_loss(logits, logits, Reduction::mean, -1); }, "beta is -1");
  says([&] { huber_loss(logits, logits, Reduction::mean, 0); }, "delta is 0");
  says([&] { kl_div(leaf({1}, {}), leaf({1}, {}), Reduction::batchmean); }, "leading axis");
  says([&] { binary_cross_entropy(constant({0.5, 1.5}), constant({0, 0})); }, "1.5 at position 1");
  says([&] { binary_cross_entropy(constant({0.5}), constant({0}), {.weight = constant({1, 2})}); }, "weight f64 [2]");
  says(
      [&] {
        binary_cross_entropy_with_logits(logits, logits, {.pos_weight = constant({1, 2})});
      },
      "pos_weight f64 [2]");
  says([&] { embedding(logits, ids({0}, {1}), 2); }, "padding_idx 2 is not a row of the table f64 [2, 3]");
  says([&] { embedding(logits, ids({0}, {1}), -3); }, "padding_idx -3");
  says([&] { one_hot(ids({0, 3}, {2}), 3); }, "3 at position 1");
  says([&] { one_hot(ids({0, -1}, {2})); }, "-1 at position 1");
  says([&] { one_hot(ids({}, {0})); }, "pass num_classes");
  says([&] { one_hot(ids({0}, {1}), 0); }, "num_classes is 0");
  says([&] { one_hot(logits); }, "i64");
  says([&] { softplus(logits, 0); }, "beta is 0");
  says([&] { glu(ramp({2, 3})); }, "extent 3");
  says([&] { glu(ramp({2, 2}), 2); }, "axis 2");
  says([&] { hardtanh(logits, 1, -1); }, "1 and -1");
  says([&] { celu(logits, 0); }, "alpha is 0");
}

TEST_CASE("a wrong equation of einsum is an error with the column of the fault") {
  const Tensor a = ramp({2, 3}), b = ramp({4, 2});
  const auto says = [](const std::string& equation, const Tensors& operands, const std::string& words) {
    INFO(equation);
    CHECK_THROWS_WITH(einsum(equation, operands), Catch::Matchers::ContainsSubstring(words) &&
                                                      Catch::Matchers::ContainsSubstring("autograd_losses_test.cpp"));
  };
  says("i?->i", {a}, "column 2: '?' is not a letter");
  says("ij->k", {a}, "column 5: 'k' is in no operand");
  says("ij->ii", {a}, "column 6: 'i' is twice in the result");
  says("ij,jk", {a, b}, "column 4: 'j' has the extent 4 in operand 2, f64 [4, 2], but 3 before");
  says("ii", {a}, "column 2: 'i' has the extent 3 in operand 1, f64 [2, 3], but 2 at another axis");
  says("ij, i", {a, b}, "column 4: the number of letters is 1, but operand 2, f64 [4, 2], has 2 axes");
  says("ijk...", {a}, "column 1: the number of letters is 3");
  says("...,...", {a, b}, "column 5: axis 2 from the end of '...' has the extent 4 in operand 2");
  says("i..->i", {a}, "column 2: a '.'");
  says("...i...", {a}, "column 5: a second '...'");
  says("ij->i->j", {a}, "column 6: a second '->'");
  says("ij->i,j", {a}, "column 6: a ','");
  says("ij-i", {a}, "column 3: '-' is not a letter");
  says("ij,jk", {a}, "the number of terms of 'ij,jk' is 2, and that of tensors is 1");
  says("", {}, "that of tensors is 0");
  says("ij", {ids({1}, {1, 1})}, "einsum");
  says("ij,ij", {a, to(a, DType::f32)}, "f32 [2, 3]");
  const Tensor wide = Tensor::zeros({2, 2, 2, 2, 2}, DType::f64);
  says("abcde,fghij", {wide, wide}, "10 axes");
}

TEST_CASE("einsum of sums without terms is 0") {
  CHECK(numbers(einsum("ij,jk", {ramp({2, 0}), ramp({0, 3})})) == std::vector<double>(6));
  CHECK(einsum("ij->", {ramp({2, 0})}).item() == 0);
}

}  // namespace gradus::autograd_losses_test
