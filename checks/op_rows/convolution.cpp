#include <gradus/autograd/ops/convolution.h>

#include <gradus/autograd/ops/functions.h>
#include <gradus/checks/internal/op_rows.h>

namespace gradus::checks {

namespace {

// Inputs of a convolution: x, weight and, with a shape, bias.
Tensors operands(const Shape& x, const Shape& weight, const Shape& bias = {}) {
  Tensors in{random(x), random(weight, {-1, 1}, 1)};
  if (bias.rank() > 0) in.push_back(random(bias, {-1, 1}, 2));
  return in;
}
Tensor bias_of(const Tensors& in) { return in.size() > 2 ? in[2] : Tensor(); }

void add_conv1d(Rows& t) {
  const std::string op = "conv1d(Tensor, Tensor, Tensor, Conv1dOptions)";
  const auto row = [&](const char* what, const Tensors& in, const Conv1dOptions& o = {}) {
    t.add(op, what, in, [o](auto& x) { return conv1d(x[0], x[1], bias_of(x), o); });
  };
  row("", operands({2, 2, 5}, {3, 2, 2}, {3}));
  row("stride, padding, dilation", operands({1, 2, 6}, {2, 2, 2}), {.stride = 2, .padding = 2, .dilation = 3});
  row("groups", operands({1, 4, 3}, {2, 2, 2}, {2}), {.groups = 2});
  row("padding that keeps the length", operands({1, 2, 4}, {2, 2, 2}, {2}), {.padding = Padding::same});
}

void add_conv2d(Rows& t) {
  const std::string op = "conv2d(Tensor, Tensor, Tensor, Conv2dOptions)";
  const auto row = [&](const char* what, const Tensors& in, const Conv2dOptions& o = {}) {
    t.add(op, what, in, [o](auto& x) { return conv2d(x[0], x[1], bias_of(x), o); });
  };
  row("", operands({2, 2, 4, 3}, {3, 2, 2, 2}, {3}));
  row("stride, padding, no bias", operands({2, 2, 4, 3}, {3, 2, 2, 2}), {.stride = 2, .padding = 1});
  row("a stride, padding and dilation per axis", operands({1, 1, 5, 4}, {2, 1, 2, 3}, {2}),
      {.stride = {2, 1}, .padding = {0, 2}, .dilation = {1, 2}});
  row("more padding than the kernel", operands({1, 1, 2, 2}, {1, 1, 2, 2}), {.padding = 3});
  row("a kernel of one pixel", operands({2, 3, 2, 2}, {2, 3, 1, 1}, {2}));
  row("padding that keeps the size", operands({1, 2, 3, 4}, {2, 2, 2, 3}, {2}),
      {.padding = Padding::same, .dilation = {1, 2}});
  row("groups", operands({2, 4, 3, 3}, {4, 2, 2, 2}, {4}), {.groups = 2});
  row("a kernel per channel", operands({1, 3, 3, 3}, {6, 1, 2, 2}, {6}), {.padding = 1, .groups = 3});
  row("a kernel as large as the image", operands({2, 1, 2, 3}, {2, 1, 2, 3}));
  t.add(op, "one weight used twice", {random({1, 2, 3, 3}), random({2, 2, 3, 3}, {-1, 1}, 1)},
        [](auto& in) { return conv2d(tanh(conv2d(in[0], in[1], {}, {.padding = 1})), in[1], {}, {.padding = 1}); });
  t.vacuous(op, "no images", operands({0, 2, 3, 3}, {3, 2, 2, 2}, {3}),
            [](auto& in) { return conv2d(in[0], in[1], in[2]); });
}

void add_conv_transpose(Rows& t) {
  const std::string op1 = "conv_transpose1d(Tensor, Tensor, Tensor, ConvTranspose1dOptions)",
                    op2 = "conv_transpose2d(Tensor, Tensor, Tensor, ConvTranspose2dOptions)";
  t.add(op1, "", operands({2, 2, 3}, {2, 3, 2}, {3}), [](auto& x) { return conv_transpose1d(x[0], x[1], x[2]); });
  t.add(op1, "stride, padding, output padding, groups, dilation", operands({1, 4, 3}, {4, 1, 2}, {2}), [](auto& x) {
    return conv_transpose1d(x[0], x[1], x[2],
                            {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2, .dilation = 3});
  });
  const auto row = [&](const char* what, const Tensors& in, const ConvTranspose2dOptions& o = {}) {
    t.add(op2, what, in, [o](auto& x) { return conv_transpose2d(x[0], x[1], bias_of(x), o); });
  };
  row("", operands({2, 2, 2, 3}, {2, 3, 2, 2}, {3}));
  row("stride, padding and output padding per axis", operands({1, 2, 3, 2}, {2, 2, 3, 2}),
      {.stride = {2, 3}, .padding = {1, 0}, .output_padding = {1, 2}});
  row("groups and dilation", operands({1, 4, 2, 2}, {4, 1, 2, 2}, {2}), {.groups = 2, .dilation = {2, 1}});
  row("a kernel of one pixel", operands({1, 2, 2, 2}, {2, 3, 1, 1}, {3}));
  t.vacuous(op2, "no images", operands({0, 2, 2, 2}, {2, 3, 2, 2}, {3}),
            [](auto& in) { return conv_transpose2d(in[0], in[1], in[2]); });
}

}  // namespace

void add_convolution(Rows& t) {
  add_conv1d(t);
  add_conv2d(t);
  add_conv_transpose(t);
  const std::string unfolding = "unfold(Tensor, Integer, Integer, Integer, Integer)",
                    folding = "fold(Tensor, Shape, Integer, Integer, Integer, Integer)";
  t.shaped(unfolding, "", {1, 2, 3, 3}, [](auto& x) { return unfold(x, 2, 2, 1, 1); });
  t.shaped(unfolding, "a stride", {2, 1, 3, 4}, [](auto& x) { return unfold(x, 2, 3, 2, 1); });
  t.shaped(folding, "", {1, 4, 4}, [](auto& x) { return fold(x, {1, 1, 3, 3}, 2, 2, 1, 0); });
}

}  // namespace gradus::checks
