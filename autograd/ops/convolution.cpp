#include <gradus/autograd/ops/convolution.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/foundation/sizes.h>
#include <gradus/autograd/ops/internal/convolution_kernels.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>

namespace gradus {

namespace {

Tensor transposed_convolution(Place place, const Tensor& y, const Tensor& w, const Tensor& bias, const Convolution& c);
Tensor correlation(Place place, const Tensor& x, const Tensor& y, const Convolution& c);

template <class T>
const T* data_or_null(const Tensor& t) {
  return t.defined() ? t.data<T>() : nullptr;
}

Tensor convolution(Place place, const Tensor& x, const Tensor& w, const Tensor& bias, const Convolution& c) {
  const OpName op("conv2d", place);
  Tensor y = Tensor::empty(op, c.y(), x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    convolve(c, x.data<T>(), w.data<T>(), data_or_null<T>(bias), y.mutable_data<T>());
  });
  const Input inputs[] = {x, w, unread(bias.defined() ? bias : w)};
  return record(op, y, std::span<const Input>(inputs, bias.defined() ? 3 : 2),
                [place, x, w, has_bias = bias.defined(), c](const Tensor& dy, Needs needs) {
                  Grads grads{needs[0] ? transposed_convolution(place, dy, w, {}, c) : Tensor(),
                              needs[1] ? correlation(place, x, dy, c) : Tensor()};
                  if (has_bias) grads.push_back(needs[2] ? sum(dy, {0, 2, 3}) : Tensor());
                  return grads;
                });
}

Tensor transposed_convolution(Place place, const Tensor& y, const Tensor& w, const Tensor& bias, const Convolution& c) {
  const OpName op("conv_transpose2d", place);
  Tensor x = Tensor::empty(op, c.x(), y.dtype());
  dispatch_floating(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    convolve_transposed(c, y.data<T>(), w.data<T>(), data_or_null<T>(bias), x.mutable_data<T>());
  });
  const Input inputs[] = {y, w, unread(bias.defined() ? bias : w)};
  return record(op, x, std::span<const Input>(inputs, bias.defined() ? 3 : 2),
                [place, y, w, has_bias = bias.defined(), c](const Tensor& dx, Needs needs) {
                  Grads grads{needs[0] ? convolution(place, dx, w, {}, c) : Tensor(),
                              needs[1] ? correlation(place, dx, y, c) : Tensor()};
                  if (has_bias) grads.push_back(needs[2] ? sum(dx, {0, 2, 3}) : Tensor());
                  return grads;
                });
}

Tensor correlation(Place place, const Tensor& x, const Tensor& y, const Convolution& c) {
  const OpName op("conv2d_weight", place);
  Tensor w = Tensor::empty(op, c.w(), x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    correlate(c, x.data<T>(), y.data<T>(), w.mutable_data<T>());
  });
  return record(op, w, {x, y}, [place, x, y, c](const Tensor& dw, Needs needs) {
    return Grads{needs[0] ? transposed_convolution(place, y, dw, {}, c) : Tensor(),
                 needs[1] ? convolution(place, x, dw, {}, c) : Tensor()};
  });
}

// Throws unless the operands are [batch, in, axes...], [from, to, axes...] and [out] of one floating dtype.
void check_operands(const OpName& op, const Tensor& x, const Tensor& weight, const Tensor& bias, Index groups,
                    bool transposed, Index axes) {
  check_floating(op, x);
  const auto refuse = [&](const std::string& why) {
    throw Error(
        fmt::format("{}: x {} does not fit the weight {}{} with groups {}: {}; expected x [batch, in, {}], "
                    "weight [{}, {}] and bias [out], of one dtype",
                    op.name, describe(x), describe(weight), bias.defined() ? " and the bias " + describe(bias) : "",
                    groups, why, axes == 1 ? "length" : "height, width",
                    transposed ? "in, out / groups" : "out, in / groups", axes == 1 ? "kernel" : "kh, kw"),
        op.place);
  };
  if (x.rank() != 2 + axes || weight.rank() != 2 + axes) refuse(fmt::format("both need {} axes", 2 + axes));
  if (groups < 1) refuse("there must be at least one group");
  if (weight.shape()[0] % groups != 0) refuse("the groups must divide the weight's first extent");
  const Index in = transposed ? weight.shape()[0] : weight.shape()[1], out = weight.shape()[transposed ? 1 : 0];
  if (transposed ? x.shape()[1] != in : x.shape()[1] % groups != 0 || x.shape()[1] / groups != in)
    refuse("their channels differ");
  if (weight.dtype() != x.dtype()) refuse("their dtypes differ");
  if (!bias.defined()) return;
  if (bias.rank() != 1 ||
      (transposed ? bias.shape()[0] % groups != 0 || bias.shape()[0] / groups != out : bias.shape()[0] != out))
    refuse("the bias must have one number per output channel");
  if (bias.dtype() != x.dtype()) refuse("their dtypes differ");
}

// The numbers of one axis for an image of height 1.
PerAxis<2> in_a_row(const PerAxis<1>& number, Index height) { return {height, number[0]}; }

WindowOptions along(Index axis, const Tensor& weight, const auto& options) {
  return {weight.shape()[2 + axis], options.stride[axis], options.padding[axis], options.dilation[axis]};
}

Convolution convolution_of(const OpName& op, const Tensor& x, const Tensor& weight, Index groups, const Windows& rows,
                           const Windows& columns) {
  const Convolution c{x.shape()[0], groups, weight.shape()[1], weight.shape()[0] / groups, rows, columns};
  checked_product(op, {c.in, rows.kernel, columns.kernel, columns.count, size_of(DType::f64)});  // a row of patches
  return c;
}

Tensor conv2d_of(const OpName& op, const char* last_axis, const Tensor& x, const Tensor& weight, const Tensor& bias,
                 const Conv2dOptions& o) {
  const Windows rows = windows(op, "height", x.shape()[2], along(0, weight, o)),
                columns = windows(op, last_axis, x.shape()[3], along(1, weight, o));
  return convolution(op.place, x, weight, bias, convolution_of(op, x, weight, o.groups, rows, columns));
}

Tensor conv_transpose2d_of(const OpName& op, const char* last_axis, const Tensor& x, const Tensor& weight,
                           const Tensor& bias, const ConvTranspose2dOptions& o) {
  const Windows rows = transposed_windows(op, "height", x.shape()[2], along(0, weight, o), o.output_padding[0]),
                columns = transposed_windows(op, last_axis, x.shape()[3], along(1, weight, o), o.output_padding[1]);
  return transposed_convolution(op.place, x, weight, bias, convolution_of(op, x, weight, o.groups, rows, columns));
}

// Replaces the padding `same` by numbers. Returns x with a zero at the end of each axis where the number of zeros is
// odd.
template <Index axes>
Tensor padded_same(const OpName& op, const Tensor& x, const Tensor& weight, ConvOptions<axes>& o) {
  if (!o.padding.is_same()) return x;
  Tensor padded = x;
  std::array<Index, axes> half{};
  for (Index axis = 0; axis < axes; ++axis) {
    if (o.stride[axis] != 1) {
      throw Error(fmt::format("{}: the stride is {}; with Padding::same, expected 1", op.name, o.stride[axis]),
                  op.place);
    }
    const Index between = std::max<Index>(0, weight.shape()[2 + axis] - 1);
    const Index zeros = mul_sat(std::max<Index>(0, o.dilation[axis]), between);
    half[static_cast<std::size_t>(axis)] = zeros / 2;
    if (zeros % 2 == 1) padded = pad(padded, 2 + axis, 0, 1, op.place);
  }
  if constexpr (axes == 1)
    o.padding = half[0];
  else
    o.padding = PerAxis<axes>(half[0], half[1]);
  return padded;
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv1dOptions& options, Place place) {
  const OpName op("conv1d", place);
  check_operands(op, x, weight, bias, options.groups, false, 1);
  Conv1dOptions o = options;
  const Tensor padded = padded_same(op, x, weight, o);
  return squeeze(conv2d_of(op, "length", unsqueeze(padded, 2, place), unsqueeze(weight, 2, place), bias,
                           {.stride = in_a_row(o.stride, 1),
                            .padding = in_a_row(o.padding, 0),
                            .dilation = in_a_row(o.dilation, 1),
                            .groups = o.groups}),
                 2, place);
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options, Place place) {
  const OpName op("conv2d", place);
  check_operands(op, x, weight, bias, options.groups, false, 2);
  Conv2dOptions o = options;
  const Tensor padded = padded_same(op, x, weight, o);
  return conv2d_of(op, "width", padded, weight, bias, o);
}

Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose1dOptions& options, Place place) {
  const OpName op("conv_transpose1d", place);
  check_operands(op, x, weight, bias, options.groups, true, 1);
  return squeeze(conv_transpose2d_of(op, "length", unsqueeze(x, 2, place), unsqueeze(weight, 2, place), bias,
                                     {.stride = in_a_row(options.stride, 1),
                                      .padding = in_a_row(options.padding, 0),
                                      .output_padding = in_a_row(options.output_padding, 0),
                                      .groups = options.groups,
                                      .dilation = in_a_row(options.dilation, 1)}),
                 2, place);
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose2dOptions& options, Place place) {
  const OpName op("conv_transpose2d", place);
  check_operands(op, x, weight, bias, options.groups, true, 2);
  return conv_transpose2d_of(op, "width", x, weight, bias, options);
}

namespace {

struct Unfolding {
  Index batch, channels;
  Windows rows, columns;
  Index positions() const { return rows.count * columns.count; }
  Index numbers() const { return channels * rows.kernel * columns.kernel; }

  Unfolding(const OpName& op, const Shape& image, Index kh, Index kw, Index stride, Index padding) {
    if (image.rank() != 4) {
      throw Error(fmt::format("{}: the image {} must be [batch, channels, height, width]", op.name, to_string(image)),
                  op.place);
    }
    batch = image[0], channels = image[1];
    rows = windows(op, "height", image[2], {kh, stride, padding, 1});
    columns = windows(op, "width", image[3], {kw, stride, padding, 1});
    checked_product(op, {channels, kh, kw});
  }

  // Calls f(first pixel, first number of a patch, count) for every run of pixels along a row.
  template <class F>
  void each_run(Index n, F f) const {
    for (Index r = 0; r < rows.count; ++r) {
      for (Index c = 0; c < columns.count; ++c) {
        const Index x = columns.pixel(c, 0), left = std::max<Index>(0, -x),
                    count = std::min(columns.kernel, columns.extent - x) - left;
        if (count <= 0) continue;
        const Index patch = ((n * rows.count + r) * columns.count + c) * numbers() + left;
        for (Index channel = 0; channel < channels; ++channel) {
          for (Index ky = 0; ky < rows.kernel; ++ky) {
            const Index y = rows.pixel(r, ky);
            if (y < 0 || y >= rows.extent) continue;
            f(((n * channels + channel) * rows.extent + y) * columns.extent + x + left,
              patch + (channel * rows.kernel + ky) * columns.kernel, count);
          }
        }
      }
    }
  }
};

}  // namespace

Tensor unfold(const Tensor& x, Integer kh, Integer kw, Integer stride, Integer padding, Place place) {
  const OpName op("unfold", place);
  check_floating(op, x);
  const Unfolding u(op, x.shape(), kh, kw, stride, padding);
  Tensor y = Tensor::zeros(op, {u.batch, u.positions(), u.numbers()}, x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    parallel_each(u.batch, 1, [&](Index n) {
      u.each_run(n, [&](Index pixel, Index cell, Index count) {
        for (Index i = 0; i < count; ++i) to[cell + i] = from[pixel + i];
      });
    });
  });
  return record(op, y, {unread(x)}, [image = x.shape(), kh, kw, stride, padding](const Tensor& dy) {
    return Grads{fold(dy, image, kh, kw, stride, padding)};
  });
}

Tensor fold(const Tensor& patches, const Shape& image, Integer kh, Integer kw, Integer stride, Integer padding,
            Place place) {
  const OpName op("fold", place);
  check_floating(op, patches);
  const Unfolding u(op, image, kh, kw, stride, padding);
  if (!(patches.shape() == Shape{u.batch, u.positions(), u.numbers()})) {
    throw Error(fmt::format("fold: {} does not hold the patches of an image {}", describe(patches), to_string(image)),
                place);
  }
  Tensor y = Tensor::zeros(op, image, patches.dtype());
  dispatch_floating(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = patches.data<T>();
    T* to = y.mutable_data<T>();
    parallel_each(u.batch, 1, [&](Index n) {
      u.each_run(n, [&](Index pixel, Index cell, Index count) {
        for (Index i = 0; i < count; ++i) to[pixel + i] += from[cell + i];
      });
    });
  });
  return record(op, y, {unread(patches)},
                [kh, kw, stride, padding](const Tensor& dy) { return Grads{unfold(dy, kh, kw, stride, padding)}; });
}

}  // namespace gradus
