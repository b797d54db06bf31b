#include <gradus/autograd/ops/pooling.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

void add_pooling(Rows& t) {
  const auto cube = [](const Tensor& y) { return y * y * y; };  // whose derivatives do not end at the first
  const std::string max1 = "max_pool1d(Tensor, PerAxis<1>, MaxPool1dOptions)",
                    max2 = "max_pool2d(Tensor, PerAxis<2>, MaxPool2dOptions)";
  t.shaped(max1, "", {2, 2, 4}, [=](auto& x) { return cube(max_pool1d(x, 2)); });
  t.shaped(max1, "stride, padding, dilation, ceil_mode", {1, 2, 8}, [=](auto& x) {
    return cube(max_pool1d(x, 3, {.stride = 2, .padding = 1, .dilation = 2, .ceil_mode = true}));
  });
  const auto max_row = [&](const char* what, const Shape& shape, PerAxis<2> kernel, const MaxPool2dOptions& o = {}) {
    t.shaped(max2, what, shape, [=](auto& x) { return cube(max_pool2d(x, kernel, o)); });
  };
  max_row("", {1, 2, 4, 4}, 2);
  max_row("overlapping windows", {1, 1, 4, 4}, {3, 2}, {.stride = 1});
  max_row("stride 3, padding and ceil_mode", {1, 1, 5, 5}, 2, {.stride = 3, .padding = 1, .ceil_mode = true});
  max_row("dilation per axis", {1, 1, 5, 4}, 2, {.stride = {1, 2}, .dilation = {3, 2}});
  max_row("no images", {0, 2, 4, 4}, 2);
  t.kink(max2, "equal maxima", {leaf({1, 1, 0, 1}, {1, 1, 2, 2})}, [](auto& in) { return max_pool2d(in[0], 2); });
  t.shaped("max_pool2d_with_indices(Tensor, PerAxis<2>, MaxPool2dOptions)", "values", {1, 2, 4, 4},
           [=](auto& x) { return cube(max_pool2d_with_indices(x, 2).values); });

  const std::string avg1 = "avg_pool1d(Tensor, PerAxis<1>, AvgPool1dOptions)",
                    avg2 = "avg_pool2d(Tensor, PerAxis<2>, AvgPool2dOptions)";
  t.shaped(avg1, "", {2, 2, 5}, [=](auto& x) { return cube(avg_pool1d(x, 2)); });
  t.shaped(avg1, "stride, padding, ceil_mode", {1, 2, 6},
           [=](auto& x) { return cube(avg_pool1d(x, 3, {.stride = 2, .padding = 1, .ceil_mode = true})); });
  const auto avg_row = [&](const char* what, const Shape& shape, PerAxis<2> kernel, const AvgPool2dOptions& o = {}) {
    t.shaped(avg2, what, shape, [=](auto& x) { return cube(avg_pool2d(x, kernel, o)); });
  };
  avg_row("", {1, 2, 4, 4}, 2);
  avg_row("overlapping windows", {1, 1, 4, 4}, {3, 2}, {.stride = 1, .padding = {1, 0}});
  avg_row("without the padding's count", {1, 1, 4, 5}, {2, 3},
          {.padding = 1, .ceil_mode = true, .count_include_pad = false});
  avg_row("no images", {0, 2, 4, 4}, 2);
  t.shaped("adaptive_avg_pool1d(Tensor, PerAxis<1>)", "", {1, 2, 5},
           [=](auto& x) { return cube(adaptive_avg_pool1d(x, 3)); });
  const std::string adaptive = "adaptive_avg_pool2d(Tensor, PerAxis<2>)";
  t.shaped(adaptive, "the mean of each image", {2, 2, 3, 3}, [=](auto& x) { return cube(adaptive_avg_pool2d(x, 1)); });
  t.shaped(adaptive, "windows of unequal sizes", {1, 1, 5, 3}, [=](auto& x) {
    return cube(adaptive_avg_pool2d(x, {3, 2}));
  });
  t.shaped(adaptive, "more positions than pixels", {1, 1, 2, 2}, [=](auto& x) {
    return cube(adaptive_avg_pool2d(x, {3, 1}));
  });
}

}  // namespace gradus::checks
