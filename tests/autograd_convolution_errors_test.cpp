// Wrong calls of convolutions, pooling and norms: each is an Error at the caller's line.
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/convolution.h>
#include <gradus/autograd/ops/layer_norm.h>
#include <gradus/autograd/ops/normalization.h>
#include <gradus/autograd/ops/pooling.h>
#include <gradus/autograd/ops/reduction.h>

#include "catch.h"

namespace gradus::autograd_convolution_errors_test {

using Catch::Matchers::ContainsSubstring;

namespace {

constexpr Index huge = Index{1} << 62, large = Index{1} << 40, most = std::numeric_limits<Index>::max();

Tensor f32(const Shape& s) { return Tensor::ones(s); }

struct Wrong {
  const char* what;
  std::function<void()> call;
  std::vector<std::string> says;
};

void check(const std::vector<Wrong>& all) {
  for (const Wrong& w : all) {
    INFO(w.what);
    try {
      w.call();
      FAIL_CHECK("accepted");
    } catch (const Error& e) {
      const std::string text = e.what();
      INFO(text);
      CHECK_THAT(text, ContainsSubstring("autograd_convolution_errors_test.cpp:"));
      for (const std::string& part : w.says) CHECK_THAT(text, ContainsSubstring(part));
    }
  }
}

}  // namespace

TEST_CASE("convolutions refuse operands that do not fit") {
  const Tensor x = f32({1, 4, 5, 5}), w = f32({6, 2, 3, 3}), line = f32({1, 4, 5});
  check({
      {"channels", [&] { conv2d(x, w); }, {"conv2d", "[1, 4, 5, 5]", "[6, 2, 3, 3]", "channels"}},
      {"rank", [&] { conv2d(line, w); }, {"conv2d", "4 axes"}},
      {"rank of the weight", [&] { conv1d(line, w); }, {"conv1d", "3 axes"}},
      {"bias", [&] { conv2d(x, w, f32({5}), {.groups = 2}); }, {"[5]", "one number per output channel"}},
      {"dtype",
       [&] {
         conv2d(x, Tensor::ones({6, 4, 3, 3}, DType::f64));
       },
       {"dtypes"}},
      {"integers",
       [&] {
         conv2d(Tensor::ones({1, 4, 5, 5}, DType::i64), w);
       },
       {"i64"}},
      {"no groups", [&] { conv2d(x, w, {}, {.groups = 0}); }, {"groups 0"}},
      {"negative groups", [&] { conv2d(x, w, {}, {.groups = -2}); }, {"groups -2"}},
      {"groups that do not divide out",
       [&] {
         conv2d(x, f32({5, 2, 3, 3}), {}, {.groups = 2});
       },
       {"divide"}},
      {"groups that do not divide in",
       [&] {
         conv2d(f32({1, 5, 5, 5}), w, {}, {.groups = 2});
       },
       {"channels"}},
      {"as many groups as can be", [&] { conv2d(x, w, {}, {.groups = most}); }, {"divide"}},
      {"transposed channels", [&] { conv_transpose2d(x, w); }, {"conv_transpose2d", "channels"}},
      {"transposed bias",
       [&] {
         conv_transpose1d(line, f32({4, 2, 3}), f32({3}));
       },
       {"conv_transpose1d", "[3]"}},
      {"transposed groups",
       [&] {
         conv_transpose2d(x, f32({4, 2, 3, 3}), {}, {.groups = 3});
       },
       {"divide"}},
  });
}

TEST_CASE("convolutions refuse hostile numbers") {
  const Tensor x = f32({1, 1, 5, 5}), w = f32({1, 1, 3, 3}), line = f32({1, 1, 5}), w1 = f32({1, 1, 3});
  check({
      {"stride 0", [&] { conv2d(x, w, {}, {.stride = 0}); }, {"stride is 0", "height"}},
      {"stride 0 along the width",
       [&] {
         conv2d(x, w, {}, {.stride = {1, 0}});
       },
       {"stride is 0", "width"}},
      {"negative stride", [&] { conv1d(line, w1, {}, {.stride = -1}); }, {"stride is -1", "length"}},
      {"negative padding",
       [&] {
         conv2d(x, w, {}, {.padding = {0, -1}});
       },
       {"padding is -1", "width"}},
      {"dilation 0", [&] { conv2d(x, w, {}, {.dilation = 0}); }, {"dilation is 0"}},
      {"huge dilation", [&] { conv2d(x, w, {}, {.dilation = huge}); }, {"dilation is 4611686018427387904"}},
      {"large dilation", [&] { conv2d(x, w, {}, {.dilation = (Index{1} << 31) - 1}); }, {"does not fit"}},
      {"huge padding", [&] { conv2d(x, w, {}, {.padding = most}); }, {"padding is 9223372036854775807"}},
      {"huge stride", [&] { conv2d(x, w, {}, {.stride = huge}); }, {"stride"}},
      {"kernel larger than the image",
       [&] {
         conv2d(f32({1, 1, 2, 5}), w);
       },
       {"kernel of 3", "height 2"}},
      {"an empty image",
       [&] {
         conv2d(f32({1, 1, 0, 5}), w);
       },
       {"height 0"}},
      {"an empty kernel",
       [&] {
         conv2d(x, f32({1, 1, 0, 3}));
       },
       {"kernel size is 0"}},
      {"a large empty kernel",
       [&] {
         conv2d(x, f32({0, 1, 1, large}));
       },
       {"kernel size"}},
      {"transposed stride 0", [&] { conv_transpose2d(x, w, {}, {.stride = 0}); }, {"stride is 0"}},
      {"output padding", [&] { conv_transpose2d(x, w, {}, {.stride = 2, .output_padding = 2}); }, {"output padding"}},
      {"negative output padding", [&] { conv_transpose2d(x, w, {}, {.output_padding = -1}); }, {"output padding"}},
      {"nothing left", [&] { conv_transpose2d(x, w, {}, {.padding = 4}); }, {"height of -1"}},
      {"too large a result", [&] { conv_transpose2d(x, w, {}, {.stride = (Index{1} << 31) - 1}); }, {"height of"}},
      {"huge transposed padding", [&] { conv_transpose1d(line, w1, {}, {.padding = most}); }, {"padding"}},
      {"unfold", [&] { unfold(x, 3, 3, 0, 0); }, {"unfold", "stride is 0"}},
      {"unfold with a huge kernel", [&] { unfold(x, huge, huge, 1, huge); }, {"unfold", "kernel size"}},
      {"fold",
       [&] {
         fold(f32({1, 9, 9}), {1, 1, 4, 5}, 3, 3, 1, 0);
       },
       {"fold", "[1, 1, 4, 5]"}},
  });
}

TEST_CASE("pooling refuses wrong calls") {
  const Tensor x = f32({1, 2, 6, 6}), line = f32({1, 2, 6});
  check({
      {"rank", [&] { max_pool2d(line, 2); }, {"max_pool2d", "height, width"}},
      {"rank of a sequence", [&] { avg_pool1d(x, 2); }, {"avg_pool1d", "length"}},
      {"integers",
       [&] {
         max_pool2d(Tensor::ones({1, 1, 4, 4}, DType::i64), 2);
       },
       {"i64"}},
      {"no kernel", [&] { max_pool2d(x, {}); }, {"kernel size is 0"}},
      {"kernel 0", [&] { max_pool2d(x, 0); }, {"kernel size is 0"}},
      {"a huge kernel", [&] { max_pool2d(x, huge); }, {"kernel size"}},
      {"a kernel larger than the image",
       [&] {
         max_pool2d(x, {2, 7});
       },
       {"kernel of 7", "width 6"}},
      {"stride 0", [&] { max_pool2d(x, 2, {.stride = 0}); }, {"stride is 0"}},
      {"padding above half of the kernel",
       [&] {
         max_pool2d(x, {4, 3}, {.padding = 2});
       },
       {"padding is 2", "width"}},
      {"negative padding", [&] { avg_pool2d(x, 2, {.padding = -1}); }, {"padding is -1"}},
      {"dilation 0", [&] { max_pool1d(line, 2, {.dilation = 0}); }, {"dilation is 0"}},
      {"windows without a pixel",
       [&] {
         max_pool1d(f32({1, 1, 1}), 2, {.padding = 1, .dilation = 2});
       },
       {"no pixel"}},
      {"average padding", [&] { avg_pool2d(x, 3, {.padding = 2}); }, {"padding is 2"}},
      {"output size 0", [&] { adaptive_avg_pool2d(x, 0); }, {"output size is 0"}},
      {"a huge output", [&] { adaptive_avg_pool2d(x, huge); }, {"output size"}},
      {"an empty image",
       [&] {
         adaptive_avg_pool1d(f32({1, 1, 0}), 1);
       },
       {"length 0"}},
  });
}

TEST_CASE("norms refuse wrong calls") {
  const Tensor x = f32({2, 4, 3}), v = f32({4}), short_one = f32({3});
  check({
      {"rank", [&] { batch_norm(v, {}, {}, {}, {}, true); }, {"batch_norm", "[batch, channels, ...]"}},
      {"weight", [&] { batch_norm(x, v, v, short_one); }, {"[3]", "expected [4]"}},
      {"dtype", [&] { batch_norm(x, v, v, Tensor::ones({4}, DType::f64)); }, {"f64", "same dtype"}},
      {"one running statistic", [&] { batch_norm(x, v, {}, {}, {}, true); }, {"both"}},
      {"no running statistics", [&] { batch_norm(x, {}, {}); }, {"running statistics"}},
      {"one number per channel",
       [&] {
         batch_norm(f32({1, 4}), v, v, {}, {}, true);
       },
       {"one number per channel"}},
      {"groups", [&] { group_norm(x, 3); }, {"3 groups", "4 channels"}},
      {"no groups", [&] { group_norm(x, 0); }, {"0 groups"}},
      {"group norm's weight", [&] { group_norm(x, 2, short_one); }, {"[3]", "expected [4]"}},
      {"rms_norm", [&] { rms_norm(x, v); }, {"rms_norm", "expected [3]"}},
      {"rms_norm of a scalar", [&] { rms_norm(Tensor::scalar(1)); }, {"rms_norm", "no axis"}},
  });
}

TEST_CASE("running statistics do not move in one of several shards, nor under a pending backward") {
  const Tensor rows = f32({4, 2}) * 2.0;
  const Tensor mean = Tensor::zeros({2}), var = Tensor::ones({2});
  const auto train = [&] { return batch_norm(rows, mean, var, {}, {}, true); };
  CHECK_THROWS_WITH(run_shards(2, [&](Index) { train(); }), ContainsSubstring("train.shards = 1"));
  CHECK_NOTHROW(run_shards(1, [&](Index) { train(); }));

  const Tensor weight = f32({2}).set_requires_grad();
  const Tensor loss = sum(batch_norm(rows, mean, var, weight));
  train();
  CHECK_THROWS_WITH(loss.backward(), ContainsSubstring("batch_norm"));
}

}  // namespace gradus::autograd_convolution_errors_test
