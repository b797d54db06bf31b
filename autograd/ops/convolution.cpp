#include <gradus/autograd/ops/convolution.h>

#include <fmt/format.h>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

namespace {

struct Patches {
  Index batch, channels, height, width, kh, kw, stride, padding, out_h, out_w;
  Index columns() const { return channels * kh * kw; }

  Patches(const OpName& op, const Shape& image, Index kh, Index kw, Index stride, Index padding)
      : kh(kh), kw(kw), stride(stride), padding(padding) {
    if (image.rank() != 4) {
      throw Error(fmt::format("{}: the image {} must be [batch, channels, height, width]", op.name, to_string(image)),
                  op.place);
    }
    batch = image[0], channels = image[1], height = image[2], width = image[3];
    if (kh < 1 || kw < 1 || stride < 1 || padding < 0 || height + 2 * padding < kh || width + 2 * padding < kw) {
      throw Error(fmt::format("{}: a {}x{} kernel with stride {} and padding {} does not fit an image of {}x{}",
                              op.name, kh, kw, stride, padding, height, width),
                  op.place);
    }
    out_h = (height + 2 * padding - kh) / stride + 1;
    out_w = (width + 2 * padding - kw) / stride + 1;
  }

  // Calls f(position in the image, position in the patches) for every pair inside the image.
  template <class F>
  void each(Index n, F f) const {
    for (Index oy = 0; oy < out_h; ++oy) {
      for (Index ox = 0; ox < out_w; ++ox) {
        for (Index c = 0; c < channels; ++c) {
          for (Index ky = 0; ky < kh; ++ky) {
            const Index y = oy * stride + ky - padding;
            if (y < 0 || y >= height) continue;
            for (Index kx = 0; kx < kw; ++kx) {
              const Index x = ox * stride + kx - padding;
              if (x < 0 || x >= width) continue;
              f(((n * channels + c) * height + y) * width + x,
                ((n * out_h + oy) * out_w + ox) * columns() + (c * kh + ky) * kw + kx);
            }
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
  const Patches p(op, x.shape(), kh, kw, stride, padding);
  Tensor y = Tensor::zeros({p.batch, p.out_h * p.out_w, p.columns()}, x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    parallel_each(p.batch, 1, [&](Index n) { p.each(n, [&](Index pixel, Index cell) { to[cell] = from[pixel]; }); });
  });
  return record(op, y, {unread(x)}, [image = x.shape(), kh, kw, stride, padding](const Tensor& dy) {
    return Grads{fold(dy, image, kh, kw, stride, padding)};
  });
}

Tensor fold(const Tensor& patches, const Shape& image, Integer kh, Integer kw, Integer stride, Integer padding,
            Place place) {
  const OpName op("fold", place);
  check_floating(op, patches);
  const Patches p(op, image, kh, kw, stride, padding);
  if (!(patches.shape() == Shape{p.batch, p.out_h * p.out_w, p.columns()})) {
    throw Error(fmt::format("fold: {} does not hold the patches of an image {}", describe(patches), to_string(image)),
                place);
  }
  Tensor y = Tensor::zeros(image, patches.dtype());
  dispatch_floating(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = patches.data<T>();
    T* to = y.mutable_data<T>();
    parallel_each(p.batch, 1, [&](Index n) { p.each(n, [&](Index pixel, Index cell) { to[pixel] += from[cell]; }); });
  });
  return record(op, y, {unread(patches)},
                [kh, kw, stride, padding](const Tensor& dy) { return Grads{unfold(dy, kh, kw, stride, padding)}; });
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, Integer stride, Integer padding, Place place) {
  if (x.rank() != 4 || weight.rank() != 4 || x.shape()[1] != weight.shape()[1]) {
    throw Error(
        fmt::format(
            "conv2d: x {} does not fit the weight {}: expected [batch, in, height, width] and [out, in, kh, kw]",
            describe(x), describe(weight)),
        place);
  }
  const Index out = weight.shape()[0], kh = weight.shape()[2], kw = weight.shape()[3];
  const Tensor patches = unfold(x, kh, kw, stride, padding, place);  // [batch, positions, in * kh * kw]
  const Tensor y = linear(patches, reshape(weight, {out, weight.numel() / std::max<Index>(1, out)}, place), bias,
                          place);  // [batch, positions, out]
  const Index out_h = (x.shape()[2] + 2 * padding - kh) / stride + 1;
  return reshape(transpose(y, 1, 2, place), {x.shape()[0], out, out_h, y.shape()[1] / out_h}, place);
}

}  // namespace gradus
