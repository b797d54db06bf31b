#include <limits>

#include <gradus/autograd/checks/gradcheck.h>
#include <gradus/autograd/ops.h>
#include <gradus/models/image_classifier.h>

#include "catch.h"
#include "models_variants.h"

namespace gradus::models_vit_test {

using namespace gradus::models;
using Catch::Matchers::ContainsSubstring;

namespace {

const VitOptions tiny{
    .channels = 2, .height = 4, .width = 6, .patch = 2, .classes = 3, .dim = 4, .layers = 2, .heads = 2, .ffn = 5};

Tensor images(Index batch) { return Tensor::normal({batch, 2, 4, 6}, 0, 1, Philox(3, 1), DType::f64); }

}  // namespace

TEST_CASE("the patches of a vision Transformer are a convolution whose kernel and stride are the patch size",
          "[models]") {
  nn::ParameterStore store(1, DType::f64);
  const Vit vit(store.root(), tiny);
  const Tensor x = images(2);
  const Tensor by_convolution =
      conv2d(x, reshape(vit.patches.weight, {4, 2, 2, 2}), vit.patches.bias, {.stride = 2});  // [2, 4, 2, 3]
  const Tensor rows = transpose(reshape(by_convolution, {2, 4, 6}));
  CHECK(largest_difference(rows, vit.patches(unfold(x, 2, 2, 2, 0))) < 1e-14);
}

TEST_CASE("a vision Transformer classifies images independently, and its gradients are those of the loss", "[models]") {
  for (auto pooling : {Pooling::cls, Pooling::mean}) {
    for (auto norm : {nn::NormOrder::pre, nn::NormOrder::post}) {
      VitOptions options = tiny;
      options.pooling = pooling;
      options.norm = norm;
      nn::ParameterStore store(1, DType::f64);
      const Vit vit(store.root(), options);
      const Tensor x = images(3), classes = Tensor::from(std::vector<Index>{2, 0, 1}, {3});
      const Tensor together = vit(x);
      REQUIRE(together.shape() == Shape{3, 3});
      CHECK(largest_difference(narrow(together, 0, 1, 1), vit(narrow(x, 0, 1, 1))) < 1e-14);

      const GradcheckReport report = check_module([&](const auto&) { return cross_entropy(vit(x), classes); },
                                                  store.trainable(), {}, {.directions = 4});
      INFO(to_string(report));
      CHECK(report.passed());
    }
  }
}

TEST_CASE("a vision Transformer refuses options and images out of range by name", "[models]") {
  auto refused = [](auto change, const char* option) {
    VitOptions o = tiny;
    change(o);
    nn::ParameterStore store(1);
    CHECK_THROWS_WITH(Vit(store.root(), o), ContainsSubstring(option));
    CHECK(store.all().empty());
  };
  refused([](auto& o) { o.patch = 4; }, "patch is 4");
  refused([](auto& o) { o.patch = 0; }, "patch is 0");
  refused([](auto& o) { o.heads = 3; }, "heads is 3");
  refused([](auto& o) { o.classes = 0; }, "classes is 0");
  refused([](auto& o) { o.layers = 0; }, "layers is 0");
  refused([](auto& o) { o.dropout = 1.5; }, "dropout is 1.5");
  refused([](auto& o) { o.height = o.width = Index{1} << 33, o.patch = 1; }, "more than a tensor holds");
  refused([](auto& o) { o.height = o.width = o.patch = Index{1} << 32; }, "in patches of 4294967296 x 4294967296");
  nn::ParameterStore store(1, DType::f64);
  const Vit vit(store.root(), tiny);
  CHECK_THROWS_WITH(vit(Tensor::zeros({1, 3, 4, 6}, DType::f64)), ContainsSubstring("[batch, 2, 4, 6]"));
}

TEST_CASE("pixels are normalised by finite numbers, and divided by none that is 0 or below", "[models]") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const auto refused = [](double mean, double deviation, const char* message) {
    nn::ParameterStore store(1);
    const ImageOptions images{
        .channels = 1, .height = 4, .width = 4, .classes = 2, .pixel_mean = {mean}, .pixel_std = {deviation}};
    CHECK_THROWS_WITH(ImageClassifier(store.root(), {.model = "vit", .dim = 4}, images), ContainsSubstring(message));
    CHECK(store.all().empty());
  };
  refused(nan, 1, "model option pixel_mean has a nan; expected finite numbers");
  refused(infinity, 1, "pixel_mean has a inf");
  refused(0, nan, "model option pixel_std has a nan; expected finite numbers above 0");
  refused(0, 0, "pixel_std has a 0");
  refused(0, -1, "pixel_std has a -1");
  refused(0, infinity, "pixel_std has a inf");
  refused(0, 1e-60, "pixel_std has a 0");  // of f32
}

}  // namespace gradus::models_vit_test
