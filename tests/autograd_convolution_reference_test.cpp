// Convolutions, pooling and norms of images against PyTorch in double precision. tests/reference/convolution.py prints
// the numbers and defines inputs and digests.
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/convolution.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/layer_norm.h>
#include <gradus/autograd/ops/normalization.h>
#include <gradus/autograd/ops/pooling.h>
#include <gradus/autograd/ops/shape.h>

#include "catch.h"
#include "leaf.h"

namespace gradus::autograd_convolution_reference_test {

using Tensors = std::vector<Tensor>;

namespace {

// clang-format off
const std::map<std::string, std::vector<double>> expected{
    {"conv1d", {-5.5115141025687056, 106.51391789656553, 0.908765879160699, 1.8450117645593718}},
    {"conv1d, options", {16.904051433144566, -0.2090792889407922, 2.047528823815556, -1.8790885718251866}},
    {"conv2d", {4.91030476758168, -21.66374134473795, 1.3564561881229316, 4.189093719552952}},
    {"conv2d, stride 2, padding 1", {-23.190156544022525, 3.2971874795926706, -5.3604829046187366}},
    {"conv2d, numbers per axis", {8.329058269204573, -3.3509530008814536, 0.41230197891245335, 1.5575427092218312}},
    {"conv2d, groups", {15.126440061298137, -2.5481572889409865, -2.8919701597493757, 0.522389075727542}},
    {"conv2d, a kernel per channel", {-2.8531003957965186, -0.4326057491168278, 0.3117867255877502, -4.73763578470602}},
    {"conv2d, a kernel of one pixel", {20.100496873815537, 12.680332882447612, -3.57292919758768, -2.7094827542619306}},
    {"conv2d, one pixel, stride 2", {-6.545352875132785, 0.07177597866002605, 15.704066039571709, -0.9223938662293074}},
    {"conv2d, several blocks of rows", {-4.591536909020852, -360.4483735240975, 50.2103577802844, 2.5234132468475594}},
    {"conv_transpose1d", {16.130334180514623, 43.136534130967846, -26.605005225839072, 1.8450117645593718}},
    {"conv_transpose1d, options", {-10.386428771895723, 7.033555020014536, -1.7791980616014091, -2.4256821685349497}},
    {"conv_transpose2d", {2.0136002420574606, 3.3388859546103715, 9.0796264383115, -5.073681173882941}},
    {"conv_transpose2d, stride 2, padding 1, output padding 1", {-0.22686485099312215, 17.630524919583678, -23.60766486162399}},
    {"conv_transpose2d, numbers per axis", {3.461840364028583, -10.57220648993666, -2.585551164766328, 3.5324588487439645}},
    {"conv_transpose2d, groups", {-36.65694149693542, -0.8760917795963326, -39.72911608617365, -1.5450260837758627}},
    {"conv_transpose2d, output padding above the stride", {21.654126748608352, -7.244084620139494, 1.3230734986891957}},
    {"conv_transpose2d, a kernel of one pixel", {6.9625362212045845, 20.981720893883743, -0.04863828162793116, -2.7094827542619306}},
    {"max_pool1d", {-0.0883657617481898, -1.4594486253494192}},
    {"max_pool1d, options", {-0.330386033366122, -0.262050011795467}},
    {"max_pool2d", {3.109110776009821, 3.293987439750282, 0.3362612655712236}},
    {"max_pool2d, overlapping", {-11.649724248949637, -826.6537394396958, -1.8691648657799993}},
    {"max_pool2d, numbers per axis", {1.146767269665031, -36.54537894695238, 0.8638089574955796}},
    {"max_pool2d, ceil_mode", {2.9336441590897926, -34.48348202803253, 0.17905588711461107}},
    {"avg_pool1d", {0.5752616881518466, -1.4262517380820738}},
    {"avg_pool1d, options", {0.8589120394813863, -3.385089267264748}},
    {"avg_pool2d", {0.16617305876786986, 1.4118183236263555}},
    {"avg_pool2d, overlapping", {0.35458674840550364, -0.8505780197253408}},
    {"avg_pool2d, ceil_mode, with padding", {0.6891255804717766, -0.3687104270443833}},
    {"avg_pool2d, ceil_mode, without padding", {1.2271056521310904, -1.3693514091539103}},
    {"avg_pool2d, wide windows", {0.034303145591513734, 0.015400849153891987}},
    {"adaptive_avg_pool1d", {0.5363145800909552, -1.557354308452934}},
    {"adaptive_avg_pool2d", {-0.19039173950488336, -0.47861253545135196}},
    {"adaptive_avg_pool2d, one position", {0.04582715616023042, 0.038564804142831144}},
    {"adaptive_avg_pool2d, more positions than pixels", {53.976135734819934, 3.22893278927325}},
    {"batch_norm, training", {-0.045395171107694754, 1.2624047424649871, 3.2290499464326734, 0.8104208841159464, 2.226404538751705, 5.844315289922614}},
    {"batch_norm, training, images", {-2.7061800096796462, 0.9867233833557933, 2.8025935583429655, 153.4643176070889, 0.588715819361611, 5.076520085538043}},
    {"batch_norm, training, without weights", {3.2437691238205923, 35.53372902802024}},
    {"batch_norm, running statistics", {1.2718531906742538, 17.475609680998133, 2.067754452702319, 6.202984273704756}},
    {"group_norm", {9.544239707461294, -5.908379610591236, 3.045631460364026, -1.375659643058471}},
    {"group_norm, a group per channel", {9.334924909352331, -6.041156699664378, 2.7968182560679056, -1.375659643058471}},
    {"instance_norm as group_norm", {3.05169385048555, 26.994184204554784}},
    {"rms_norm", {1.457545303884404, 2.5116539390119565, 2.1043285270766563}},
};
// clang-format on

std::vector<double> wave(Index n, double step, double phase) {
  std::vector<double> v;
  for (Index i = 0; i < n; ++i) v.push_back(std::sin(step * static_cast<double>(i) + phase));
  return v;
}

Tensor seed(const Shape& shape) { return Tensor::from(wave(shape.numel(), 0.17, std::acos(-1.0) / 2), shape); }

double digest(const Tensor& t) {
  const std::vector<double> weights = seed(t.shape()).to_vector<double>();
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double v = t.dtype() == DType::i64 ? static_cast<double>(t.data<Index>()[i]) : t.data<double>()[i];
    sum += v * weights[i];
  }
  return sum;
}

class Comparison {
 public:
  // f returns the result, and tensors that are compared without a gradient.
  void operator()(const std::string& name, const std::vector<Shape>& shapes,
                  const std::function<Tensors(const Tensors&)>& f) {
    Tensors in;
    for (const Shape& s : shapes) in.push_back(leaf(wave(s.numel(), 0.53, static_cast<double>(in.size()) + 1), s));
    const Tensors results = f(in);
    backward(results[0], {.seed = seed(results[0].shape())});
    std::vector<double> found;
    for (const Tensor& t : results) found.push_back(digest(t.detach()));
    for (const Tensor& t : in) found.push_back(digest(t.grad()));
    INFO(name);
    REQUIRE(expected.count(name) == 1);
    const std::vector<double>& numbers = expected.at(name);
    REQUIRE(found.size() == numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      INFO("number " << i);
      CHECK(std::fabs(found[i] - numbers[i]) <= 1e-10 * std::max(1.0, std::fabs(numbers[i])));
    }
    ++cases_;
  }
  std::size_t cases() const { return cases_; }

 private:
  std::size_t cases_ = 0;
};

Tensor bias_of(const Tensors& in) { return in.size() > 2 ? in[2] : Tensor(); }

}  // namespace

TEST_CASE("convolutions, pooling and norms have PyTorch's values and gradients") {
  Comparison compare;
  const auto conv1 = [&](const std::string& name, const std::vector<Shape>& shapes, const Conv1dOptions& o) {
    compare(name, shapes, [&](auto& in) { return Tensors{conv1d(in[0], in[1], bias_of(in), o)}; });
  };
  conv1("conv1d", {{2, 3, 9}, {4, 3, 3}, {4}}, {});
  conv1("conv1d, options", {{2, 4, 9}, {6, 2, 3}, {6}}, {.stride = 2, .padding = 3, .dilation = 2, .groups = 2});
  const auto conv2 = [&](const std::string& name, const std::vector<Shape>& shapes, const Conv2dOptions& o) {
    compare(name, shapes, [&](auto& in) { return Tensors{conv2d(in[0], in[1], bias_of(in), o)}; });
  };
  conv2("conv2d", {{2, 3, 7, 6}, {4, 3, 3, 2}, {4}}, {});
  conv2("conv2d, stride 2, padding 1", {{2, 3, 7, 6}, {4, 3, 3, 3}}, {.stride = 2, .padding = 1});
  conv2("conv2d, numbers per axis", {{2, 3, 7, 6}, {4, 3, 3, 2}, {4}},
        {.stride = {2, 1}, .padding = {1, 4}, .dilation = {1, 3}});
  conv2("conv2d, groups", {{2, 4, 7, 6}, {6, 2, 3, 3}, {6}}, {.padding = 1, .groups = 2});
  conv2("conv2d, a kernel per channel", {{2, 4, 9, 8}, {8, 1, 3, 3}, {8}},
        {.stride = 2, .padding = 2, .dilation = 2, .groups = 4});
  conv2("conv2d, a kernel of one pixel", {{2, 5, 4, 6}, {3, 5, 1, 1}, {3}}, {});
  conv2("conv2d, one pixel, stride 2", {{2, 5, 4, 6}, {3, 5, 1, 1}, {3}}, {.stride = 2});
  conv2("conv2d, several blocks of rows", {{1, 20, 14, 37}, {5, 20, 3, 3}, {5}}, {.padding = 1});
  const auto transposed1 = [&](const std::string& name, const std::vector<Shape>& shapes,
                               const ConvTranspose1dOptions& o) {
    compare(name, shapes, [&](auto& in) { return Tensors{conv_transpose1d(in[0], in[1], bias_of(in), o)}; });
  };
  transposed1("conv_transpose1d", {{2, 3, 5}, {3, 4, 3}, {4}}, {});
  transposed1("conv_transpose1d, options", {{2, 4, 5}, {4, 3, 3}, {6}},
              {.stride = 3, .padding = 2, .output_padding = 1, .groups = 2, .dilation = 2});
  const auto transposed2 = [&](const std::string& name, const std::vector<Shape>& shapes,
                               const ConvTranspose2dOptions& o) {
    compare(name, shapes, [&](auto& in) { return Tensors{conv_transpose2d(in[0], in[1], bias_of(in), o)}; });
  };
  transposed2("conv_transpose2d", {{2, 3, 4, 5}, {3, 4, 3, 2}, {4}}, {});
  transposed2("conv_transpose2d, stride 2, padding 1, output padding 1", {{2, 3, 4, 5}, {3, 4, 3, 3}},
              {.stride = 2, .padding = 1, .output_padding = 1});
  transposed2("conv_transpose2d, numbers per axis", {{2, 3, 4, 5}, {3, 4, 3, 2}, {4}},
              {.stride = {2, 3}, .padding = {1, 0}, .output_padding = {1, 2}, .dilation = {1, 2}});
  transposed2("conv_transpose2d, groups", {{2, 4, 4, 5}, {4, 3, 2, 2}, {6}}, {.stride = 2, .groups = 2});
  transposed2("conv_transpose2d, output padding above the stride", {{1, 2, 3, 3}, {2, 2, 2, 2}},
              {.output_padding = 2, .dilation = 3});
  transposed2("conv_transpose2d, a kernel of one pixel", {{2, 5, 4, 6}, {5, 3, 1, 1}, {3}}, {});

  compare("max_pool1d", {{2, 3, 9}}, [](auto& in) { return Tensors{max_pool1d(in[0], 2)}; });
  compare("max_pool1d, options", {{2, 3, 12}}, [](auto& in) {
    return Tensors{max_pool1d(in[0], 3, {.stride = 2, .padding = 1, .dilation = 2, .ceil_mode = true})};
  });
  const auto max2 = [&](const std::string& name, const Shape& shape, PerAxis<2> kernel, const MaxPool2dOptions& o) {
    compare(name, {shape}, [&](auto& in) {
      const ValuesIndices y = max_pool2d_with_indices(in[0], kernel, o);
      CHECK(y.values.template to_vector<double>() == max_pool2d(in[0], kernel, o).template to_vector<double>());
      return Tensors{y.values, y.indices};
    });
  };
  max2("max_pool2d", {2, 3, 6, 7}, 2, {});
  max2("max_pool2d, overlapping", {2, 3, 6, 7}, {3, 2}, {.stride = 1, .padding = {1, 0}});
  max2("max_pool2d, numbers per axis", {2, 3, 8, 8}, {2, 3},
       {.stride = {3, 2}, .padding = 1, .dilation = {2, 1}, .ceil_mode = true});
  max2("max_pool2d, ceil_mode", {2, 3, 8, 6}, 3, {.padding = 1, .ceil_mode = true});
  compare("avg_pool1d", {{2, 3, 9}}, [](auto& in) { return Tensors{avg_pool1d(in[0], 2)}; });
  compare("avg_pool1d, options", {{2, 3, 12}}, [](auto& in) {
    return Tensors{avg_pool1d(in[0], 3, {.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false})};
  });
  const auto avg2 = [&](const std::string& name, const Shape& shape, PerAxis<2> kernel, const AvgPool2dOptions& o) {
    compare(name, {shape}, [&](auto& in) { return Tensors{avg_pool2d(in[0], kernel, o)}; });
  };
  avg2("avg_pool2d", {2, 3, 6, 7}, 2, {});
  avg2("avg_pool2d, overlapping", {2, 3, 6, 7}, {3, 2}, {.stride = 1, .padding = {1, 0}});
  for (const bool counted : {true, false}) {
    avg2(std::string("avg_pool2d, ceil_mode, ") + (counted ? "with" : "without") + " padding", {2, 3, 9, 8}, {3, 4},
         {.stride = {3, 2}, .padding = {1, 2}, .ceil_mode = true, .count_include_pad = counted});
  }
  avg2("avg_pool2d, wide windows", {1, 2, 4, 81}, {2, 40}, {});
  compare("adaptive_avg_pool1d", {{2, 3, 9}}, [](auto& in) { return Tensors{adaptive_avg_pool1d(in[0], 4)}; });
  const auto adaptive = [&](const std::string& name, const Shape& shape, PerAxis<2> size) {
    compare(name, {shape}, [&](auto& in) { return Tensors{adaptive_avg_pool2d(in[0], size)}; });
  };
  adaptive("adaptive_avg_pool2d", {2, 3, 8, 7}, {3, 5});
  adaptive("adaptive_avg_pool2d, one position", {2, 3, 8, 7}, 1);
  adaptive("adaptive_avg_pool2d, more positions than pixels", {2, 3, 3, 3}, {7, 4});

  const auto training = [&](const std::string& name, const Shape& shape, double momentum) {
    compare(name, {shape, {3}, {3}}, [&](auto& in) {
      const Tensor mean = leaf({0.5, -1, 2}).detach(), var = leaf({0.5, 1, 2}).detach();
      return Tensors{batch_norm(in[0], mean, var, in[1], in[2], true, momentum), mean, var};
    });
  };
  training("batch_norm, training", {4, 3}, 0.1);
  training("batch_norm, training, images", {4, 3, 5, 7}, 0.3);
  compare("batch_norm, training, without weights", {{4, 3, 5}},
          [](auto& in) { return Tensors{batch_norm(in[0], {}, {}, {}, {}, true, 0.1, 0.1)}; });
  compare("batch_norm, running statistics", {{4, 3, 2, 2}, {3}, {3}}, [](auto& in) {
    return Tensors{batch_norm(in[0], leaf({0.5, -1, 2}).detach(), leaf({0.5, 1, 2}).detach(), in[1], in[2])};
  });
  compare("group_norm", {{2, 6, 3, 4}, {6}, {6}}, [](auto& in) { return Tensors{group_norm(in[0], 2, in[1], in[2])}; });
  compare("group_norm, a group per channel", {{2, 6, 3, 4}, {6}, {6}},
          [](auto& in) { return Tensors{group_norm(in[0], 6, in[1], in[2], 0.1)}; });
  compare("instance_norm as group_norm", {{2, 6, 3, 4}}, [](auto& in) { return Tensors{group_norm(in[0], 6)}; });
  compare("rms_norm", {{2, 3, 5}, {5}}, [](auto& in) { return Tensors{rms_norm(in[0], in[1])}; });
  CHECK(compare.cases() == expected.size());
}

TEST_CASE("max pooling takes the first of equal maxima, the last NaN, and minus infinity") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const Tensor x = leaf({1, 3, nan, 0,       //
                         3, 2, nan, 5,       //
                         -inf, -inf, 0, 7,   //
                         -inf, -inf, 7, 1},  //
                        {1, 1, 4, 4});
  const ValuesIndices y = max_pool2d_with_indices(x, 2);
  CHECK(y.indices.to_vector<Index>() == std::vector<Index>{1, 6, 8, 11});
  const std::vector<double> values = y.values.detach().to_vector<double>();
  CHECK(values[0] == 3);
  CHECK(std::isnan(values[1]));
  CHECK(values[2] == -inf);
  CHECK(values[3] == 7);
}

TEST_CASE("2 x 2 max pooling of any width has the values and gradients of its indices") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const Shape& shape : {Shape{2, 3, 4, 70}, Shape{3, 1, 5, 33}, Shape{1, 2, 3, 2}, Shape{2, 2, 2, 31}}) {
      const Tensor x = to(Tensor::from(wave(shape.numel(), 0.53, 1), shape), dtype).set_requires_grad();
      const ValuesIndices y = max_pool2d_with_indices(x, 2);
      const Tensor dy = to(seed(y.values.shape()), dtype);
      backward(y.values, {.seed = dy});
      const Index planes = shape[0] * shape[1], pixels = shape[2] * shape[3];
      const Tensor index = reshape(y.indices, {planes, y.indices.numel() / planes});
      const Tensor values = gather(reshape(x.detach(), {planes, pixels}), 1, index),
                   gradient = scatter_add(Tensor::zeros({planes, pixels}, dtype), 1, index, reshape(dy, index.shape()));
      INFO(to_string(shape));
      const auto numbers = [](const Tensor& t) { return to(t, DType::f64).to_vector<double>(); };
      CHECK(numbers(y.values.detach()) == numbers(values));
      CHECK(numbers(x.grad()) == numbers(gradient));
    }
  }
}

}  // namespace gradus::autograd_convolution_reference_test
