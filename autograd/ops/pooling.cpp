#include <gradus/autograd/ops/pooling.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/internal/row_sums.h>
#include <gradus/autograd/foundation/internal/scratch.h>
#include <gradus/autograd/foundation/internal/simd.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/internal/windows.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

namespace {

constexpr Index piece = Index{1} << 15;  // pixels that are worth a task

void check_image(const OpName& op, const Tensor& x, Index axes) {
  check_floating(op, x);
  if (x.rank() != 2 + axes) {
    throw Error(fmt::format("{}: x {} must be [batch, channels, {}]", op.name, describe(x),
                            axes == 1 ? "length" : "height, width"),
                op.place);
  }
}

Shape with_last(const Shape& shape, Index height, Index width) { return {shape[0], shape[1], height, width}; }

// Windows of pooling; stride undefined: the kernel's.
template <Index axes>
WindowOptions along(Index axis, const PerAxis<axes>& kernel, const PerAxis<axes>& stride, const PerAxis<axes>& padding,
                    Index dilation) {
  return {kernel[axis], stride.defined() ? stride[axis] : kernel[axis], padding[axis], dilation};
}

Windows pooling_windows(const OpName& op, const char* axis, Index extent, const WindowOptions& o, bool ceil) {
  const Windows w = windows(op, axis, extent, o, ceil);
  if (o.padding > o.kernel / 2) {
    throw Error(fmt::format("{}: the padding is {} along the {}, expected at most half of the kernel size {}", op.name,
                            o.padding, axis, o.kernel),
                op.place);
  }
  return w;
}

constexpr Windows one_row{.extent = 1, .kernel = 1, .stride = 1, .padding = 0, .dilation = 1, .count = 1};

// Maxima
// ---------------------------------------------------------------------------------------------------------------

struct MaxPooling {
  Windows rows, columns;
  Index pixels() const { return rows.extent * columns.extent; }
  Index positions() const { return rows.count * columns.count; }
};

// Calls f(step) with the stride as a constant if it is a usual one, so that compilers vectorise.
template <class F>
void with_step(Index stride, F f) {
  if (stride == 1)
    f(std::integral_constant<Index, 1>());
  else if (stride == 2)
    f(std::integral_constant<Index, 2>());
  else
    f(stride);
}

template <class T, class Step>
[[gnu::noinline]] void keep_larger(Index n, const T* __restrict x, Step step, T* __restrict best) {
  for (Index i = 0; i < n; ++i) {
    const T v = x[i * step];
    best[i] = v > best[i] || v != v ? v : best[i];
  }
}

template <class T, class Step>
[[gnu::noinline]] void keep_larger(Index n, const T* __restrict x, Step step, T* __restrict best, std::int32_t element,
                                   std::int32_t* __restrict winner) {
  for (Index i = 0; i < n; ++i) {
    const T v = x[i * step];
    const bool wins = v > best[i] || v != v || winner[i] < 0;
    best[i] = wins ? v : best[i];
    winner[i] = wins ? element : winner[i];
  }
}

// The windows of one row of one plane: `keep(element, first window, windows, pixels)` per element of the kernel.
template <class T, class F>
void for_elements(const MaxPooling& p, const T* plane, Index row, F keep) {
  for (Index ky = 0; ky < p.rows.kernel; ++ky) {
    const Index y = p.rows.pixel(row, ky);
    if (y < 0 || y >= p.rows.extent) continue;
    for (Index kx = 0; kx < p.columns.kernel; ++kx) {
      const auto [left, right] = p.columns.inside(kx);
      if (left < right)
        keep(ky * p.columns.kernel + kx, left, right - left, plane + y * p.columns.extent + p.columns.pixel(left, kx));
    }
  }
}

template <class T>
void max_values(const MaxPooling& p, Index planes, const T* x, T* y) {
  with_step(p.columns.stride, [&](auto step) {
    parallel_each(planes, grain_of(piece, p.pixels()), [&](Index plane) {
      T* best = y + plane * p.positions();
      std::fill_n(best, p.positions(), -std::numeric_limits<T>::infinity());
      for (Index r = 0; r < p.rows.count; ++r, best += p.columns.count) {
        for_elements(p, x + plane * p.pixels(), r,
                     [&](Index, Index first, Index n, const T* pixels) { keep_larger(n, pixels, step, best + first); });
      }
    });
  });
}

// Calls f(plane, position, pixel) for the first maximum of each window.
template <class T, class F>
void for_maxima(const MaxPooling& p, Index planes, const T* x, F f) {
  std::vector<Index> from_corner;  // per element of the kernel
  for (Index ky = 0; ky < p.rows.kernel; ++ky)
    for (Index kx = 0; kx < p.columns.kernel; ++kx)
      from_corner.push_back(ky * p.rows.dilation * p.columns.extent + kx * p.columns.dilation);
  with_step(p.columns.stride, [&](auto step) {
    parallel_for(planes, grain_of(piece, p.pixels()), [&](Index begin, Index end) {
      const Scratch<T> best(p.columns.count);
      const Scratch<std::int32_t> winner(p.columns.count);
      for (Index plane = begin; plane < end; ++plane) {
        for (Index r = 0; r < p.rows.count; ++r) {
          std::fill_n(winner.data(), p.columns.count, -1);
          std::fill_n(best.data(), p.columns.count, T(0));
          for_elements(p, x + plane * p.pixels(), r, [&](Index element, Index first, Index n, const T* pixels) {
            keep_larger(n, pixels, step, best.data() + first, static_cast<std::int32_t>(element),
                        winner.data() + first);
          });
          const Index corner = p.rows.pixel(r, 0) * p.columns.extent - p.columns.padding;
          for (Index i = 0; i < p.columns.count; ++i) {
            f(plane, r * p.columns.count + i,
              corner + i * p.columns.stride + from_corner[static_cast<std::size_t>(winner[i])]);
          }
        }
      }
    });
  });
}

// The usual pooling, in windows of 2 x 2 without overlap or padding, in vectors.
bool is_2x2(const MaxPooling& p) {
  const auto halves = [](const Windows& w) {
    return w.kernel == 2 && w.stride == 2 && w.padding == 0 && w.dilation == 1 && 2 * w.count <= w.extent;
  };
  return halves(p.rows) && halves(p.columns);
}

// The windows [0, lanes) of two rows, whose first pixels are x and x + width.
template <class T>
struct Windows2x2 {
  using V = simd::Vector<T>;
  V pixels[4];  // in the order of the scan
  Windows2x2(const T* x, Index width) {
    constexpr auto all = std::make_index_sequence<simd::lanes_of<T>>();
    for (Index row = 0; row < 2; ++row, x += width) {
      const V left = simd::load<V>(x), right = simd::load<V>(x + simd::lanes_of<T>);
      pixels[2 * row] = simd::deinterleave<false>(left, right, all);
      pixels[2 * row + 1] = simd::deinterleave<true>(left, right, all);
    }
  }
  static auto wins(const V& v, const V& best) { return (v > best) | (v != v); }
  V maxima() const {
    V best = pixels[0];
    for (int i = 1; i < 4; ++i) best = wins(pixels[i], best) ? pixels[i] : best;
    return best;
  }
  // Replaces the pixels by dy where they are the maximum, and by 0 elsewhere.
  void replace_by_gradient(const V& dy) {
    V best = pixels[0];
    pixels[0] = dy;
    for (int i = 1; i < 4; ++i) {
      const auto better = wins(pixels[i], best);
      best = better ? pixels[i] : best;
      for (int j = 0; j < i; ++j) pixels[j] = better ? V{} : pixels[j];
      pixels[i] = better ? dy : V{};
    }
  }
  // Writes the first n windows.
  void write(Index n, T* x, Index width) const {
    constexpr auto all = std::make_index_sequence<simd::lanes_of<T>>();
    constexpr Index lanes = simd::lanes_of<T>;
    for (Index row = 0; row < 2; ++row, x += width) {
      T line[2 * lanes];
      simd::store(line, simd::interleave<false>(pixels[2 * row], pixels[2 * row + 1], all));
      simd::store(line + lanes, simd::interleave<true>(pixels[2 * row], pixels[2 * row + 1], all));
      if (n >= lanes)
        std::copy_n(line, 2 * lanes, x);
      else
        std::copy_n(line, 2 * n, x);
    }
  }
};

// Calls f(first window, windows, first pixel) for vectors of windows.
template <class T, class F>
void for_2x2(const MaxPooling& p, Index planes, F f) {
  constexpr Index step = simd::lanes_of<T>;
  parallel_each(planes, grain_of(piece, p.pixels()), [&](Index plane) {
    for (Index r = 0; r < p.rows.count; ++r) {
      for (Index i = 0; i < p.columns.count; i += step) {
        f(plane * p.positions() + r * p.columns.count + i, std::min(step, p.columns.count - i),
          plane * p.pixels() + 2 * (r * p.columns.extent + i));
      }
    }
  });
}

template <class T>
void max_values_2x2(const MaxPooling& p, Index planes, const T* x, T* y) {
  for_2x2<T>(p, planes, [&](Index window, Index n, Index pixel) {
    const auto best = Windows2x2<T>(x + pixel, p.columns.extent).maxima();
    if (n == simd::lanes_of<T>)
      simd::store(y + window, best);
    else
      for (Index i = 0; i < n; ++i) y[window + i] = best[i];
  });
}

template <class T>
void max_gradient_2x2(const MaxPooling& p, Index planes, const T* x, const T* dy, T* dx) {
  for_2x2<T>(p, planes, [&](Index window, Index n, Index pixel) {
    Windows2x2<T> windows(x + pixel, p.columns.extent);
    windows.replace_by_gradient(simd::load<simd::Vector<T>>(dy + window));
    windows.write(n, dx + pixel, p.columns.extent);
  });
}

Tensor max_indices(const MaxPooling& p, const Tensor& x) {
  Tensor indices = Tensor::empty(with_last(x.shape(), p.rows.count, p.columns.count), DType::i64);
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    Index* to = indices.mutable_data<Index>();
    for_maxima(p, x.shape()[0] * x.shape()[1], x.data<T>(),
               [&](Index plane, Index position, Index pixel) { to[plane * p.positions() + position] = pixel; });
  });
  return indices;
}

Tensor max_gradient(const MaxPooling& p, const Tensor& x, const Tensor& dy) {
  const Index planes = x.shape()[0] * x.shape()[1];
  if (grad_enabled()) {
    const Tensor index = reshape(max_indices(p, x), {planes, p.positions()});
    const Tensor rows = reshape(dy, {planes, p.positions()});
    return reshape(scatter_add(Tensor::zeros({planes, p.pixels()}, x.dtype()), 1, index, rows), x.shape());
  }
  const bool covered = 4 * p.positions() == p.pixels() && is_2x2(p);  // every pixel has a window
  Tensor dx = covered ? Tensor::empty(x.shape(), x.dtype()) : Tensor::zeros(x.shape(), x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = dy.data<T>();
    T* to = dx.mutable_data<T>();
    if (is_2x2(p)) return max_gradient_2x2(p, planes, x.data<T>(), from, to);
    for_maxima(p, planes, x.data<T>(), [&](Index plane, Index position, Index pixel) {
      to[plane * p.pixels() + pixel] += from[plane * p.positions() + position];
    });
  });
  return dx;
}

Tensor max_pool(const Tensor& x, const MaxPooling& p, Place place) {
  const OpName op("max_pool2d", place);
  Tensor y = Tensor::empty(op, with_last(x.shape(), p.rows.count, p.columns.count), x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    (is_2x2(p) ? max_values_2x2<T> : max_values<T>)(p, x.shape()[0] * x.shape()[1], x.data<T>(), y.mutable_data<T>());
  });
  return record(op, y, {x}, [p, x](const Tensor& dy) { return Grads{max_gradient(p, x.detach(), dy)}; });
}

Windows max_windows(const OpName& op, const char* axis, Index extent, const WindowOptions& o, bool ceil) {
  const Windows w = pooling_windows(op, axis, extent, o, ceil);
  // Dilated windows may step over all of a small image.
  for (Index i = 0; i < w.count; ++i) {
    const Index start = w.pixel(i, 0), skipped = start < 0 ? (-start + w.dilation - 1) / w.dilation : 0;
    if (skipped >= w.kernel || w.pixel(i, skipped) >= extent) {
      throw Error(fmt::format("{}: window {} along the {} {} has no pixel; with dilation {} use less padding", op.name,
                              i, axis, extent, w.dilation),
                  op.place);
    }
  }
  return w;
}

MaxPooling max_pooling(const OpName& op, const Tensor& x, const PerAxis<2>& kernel, const MaxPool2dOptions& o) {
  check_image(op, x, 2);
  const auto windows_along = [&](Index axis) {
    return max_windows(op, axis == 0 ? "height" : "width", x.shape()[2 + axis],
                       along(axis, kernel, o.stride, o.padding, o.dilation[axis]), o.ceil_mode);
  };
  const MaxPooling p{windows_along(0), windows_along(1)};
  if (p.rows.kernel * p.columns.kernel > std::numeric_limits<std::int32_t>::max())
    throw Error(fmt::format("{}: a kernel of {} x {} has too many elements", op.name, kernel[0], kernel[1]), op.place);
  return p;
}

// Means
// ----------------------------------------------------------------------------------------------------------------

// The pixels of a window along one axis. The product of both divisors divides the sum.
struct Span {
  Index begin, end, divisor;
};
struct Means {
  Index height, width;
  std::vector<Span> rows, columns;
  Shape over(const Shape& shape) const { return with_last(shape, height, width); }
  Shape of(const Shape& shape) const { return with_last(shape, std::ssize(rows), std::ssize(columns)); }
};
using SharedMeans = std::shared_ptr<const Means>;

template <class T>
T sum_of(const T* x, Index n) {
  if (n >= 2 * lanes) return lane_sum<T>(n, [x](Index i) { return x[i]; });
  T sum = 0;
  for (Index i = 0; i < n; ++i) sum += x[i];
  return sum;
}

// Sums the rows of a window, then its columns.
template <class T>
void mean_values(const Means& m, Index planes, const T* x, T* y) {
  parallel_for(planes, grain_of(piece, m.height * m.width), [&](Index begin, Index end) {
    const Scratch<T> sums(m.width);
    T* to = y + begin * std::ssize(m.rows) * std::ssize(m.columns);
    for (Index plane = begin; plane < end; ++plane) {
      for (const Span& row : m.rows) {
        const T* from = x + (plane * m.height + row.begin) * m.width;
        std::copy_n(from, m.width, sums.data());
        for (Index r = row.begin + 1; r < row.end; ++r) add_row(m.width, from += m.width, sums.data());
        for (const Span& column : m.columns) {
          *to++ = sum_of(sums.data() + column.begin, column.end - column.begin) /
                  static_cast<T>(row.divisor * column.divisor);
        }
      }
    }
  });
}

template <class T>
void mean_gradient(const Means& m, Index planes, const T* dy, T* dx) {
  parallel_for(planes, grain_of(piece, m.height * m.width), [&](Index begin, Index end) {
    const Scratch<T> shares(m.width);
    const T* from = dy + begin * std::ssize(m.rows) * std::ssize(m.columns);
    for (Index plane = begin; plane < end; ++plane) {
      for (const Span& row : m.rows) {
        std::fill_n(shares.data(), m.width, T(0));
        for (const Span& column : m.columns) {
          const T share = *from++ / static_cast<T>(row.divisor * column.divisor);
          for (Index i = column.begin; i < column.end; ++i) shares[i] += share;
        }
        for (Index r = row.begin; r < row.end; ++r)
          add_row(m.width, shares.data(), dx + (plane * m.height + r) * m.width);
      }
    }
  });
}

Tensor spread_means(Place place, const Tensor& dy, const SharedMeans& m);

Tensor means(Place place, const Tensor& x, const SharedMeans& m) {
  const OpName op("avg_pool2d", place);
  Tensor y = Tensor::empty(op, m->of(x.shape()), x.dtype());
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    mean_values(*m, x.shape()[0] * x.shape()[1], x.data<T>(), y.mutable_data<T>());
  });
  return record(op, y, {unread(x)}, [place, m](const Tensor& dy) { return Grads{spread_means(place, dy, m)}; });
}

Tensor spread_means(Place place, const Tensor& dy, const SharedMeans& m) {
  const OpName op("avg_pool2d_backward", place);
  Tensor dx = Tensor::zeros(op, m->over(dy.shape()), dy.dtype());
  dispatch_floating(dy.dtype(), [&](auto zero) {
    using T = decltype(zero);
    mean_gradient(*m, dy.shape()[0] * dy.shape()[1], dy.data<T>(), dx.mutable_data<T>());
  });
  return record(op, dx, {unread(dy)}, [place, m](const Tensor& g) { return Grads{means(place, g, m)}; });
}

std::vector<Span> spans_of(const Windows& w, bool count_padding) {
  std::vector<Span> spans;
  for (Index i = 0; i < w.count; ++i) {
    const Index start = w.pixel(i, 0), begin = std::max<Index>(0, start), end = std::min(w.extent, start + w.kernel);
    spans.push_back(
        {begin, end, count_padding ? std::min(w.extent + w.padding, start + w.kernel) - start : end - begin});
  }
  return spans;
}

std::vector<Span> adaptive_spans(const OpName& op, const char* axis, Index extent, Index count) {
  if (count < 1 || extent < 1 || count > std::numeric_limits<std::int32_t>::max()) {
    throw Error(fmt::format("{}: the output size is {} along the {} {}; expected both to be at least 1, and the output "
                            "size below 2^31",
                            op.name, count, axis, extent),
                op.place);
  }
  std::vector<Span> spans;
  for (Index i = 0; i < count; ++i) {
    // i * extent / count, without a large product
    const auto scaled = [&](Index k) { return k * (extent / count) + k * (extent % count) / count; };
    const Index begin = scaled(i), next = scaled(i + 1), end = next + ((i + 1) * (extent % count) % count != 0 ? 1 : 0);
    spans.push_back({begin, end, end - begin});
  }
  return spans;
}

constexpr Span one_pixel{0, 1, 1};

// [batch, channels, length] as images of height 1, and back.
Tensor as_image(const Tensor& x, Place place) { return unsqueeze(x, 2, place); }
Tensor as_sequence(const Tensor& x, Place place) { return squeeze(x, 2, place); }

}  // namespace

Tensor max_pool1d(const Tensor& x, const PerAxis<1>& kernel_size, const MaxPool1dOptions& options, Place place) {
  const OpName op("max_pool1d", place);
  check_image(op, x, 1);
  const Windows w =
      max_windows(op, "length", x.shape()[2],
                  along(0, kernel_size, options.stride, options.padding, options.dilation[0]), options.ceil_mode);
  return as_sequence(max_pool(as_image(x, place), {one_row, w}, place), place);
}

Tensor max_pool2d(const Tensor& x, const PerAxis<2>& kernel_size, const MaxPool2dOptions& options, Place place) {
  return max_pool(x, max_pooling(OpName("max_pool2d", place), x, kernel_size, options), place);
}

ValuesIndices max_pool2d_with_indices(const Tensor& x, const PerAxis<2>& kernel_size, const MaxPool2dOptions& options,
                                      Place place) {
  const MaxPooling p = max_pooling(OpName("max_pool2d_with_indices", place), x, kernel_size, options);
  return {max_pool(x, p, place), max_indices(p, x)};
}

Tensor avg_pool1d(const Tensor& x, const PerAxis<1>& kernel_size, const AvgPool1dOptions& options, Place place) {
  const OpName op("avg_pool1d", place);
  check_image(op, x, 1);
  const Windows w = pooling_windows(op, "length", x.shape()[2],
                                    along(0, kernel_size, options.stride, options.padding, 1), options.ceil_mode);
  const Means m{1, w.extent, {one_pixel}, spans_of(w, options.count_include_pad)};
  return as_sequence(means(place, as_image(x, place), std::make_shared<const Means>(m)), place);
}

Tensor avg_pool2d(const Tensor& x, const PerAxis<2>& kernel_size, const AvgPool2dOptions& options, Place place) {
  const OpName op("avg_pool2d", place);
  check_image(op, x, 2);
  const auto spans_along = [&](Index axis) {
    return spans_of(pooling_windows(op, axis == 0 ? "height" : "width", x.shape()[2 + axis],
                                    along(axis, kernel_size, options.stride, options.padding, 1), options.ceil_mode),
                    options.count_include_pad);
  };
  const Means m{x.shape()[2], x.shape()[3], spans_along(0), spans_along(1)};
  return means(place, x, std::make_shared<const Means>(m));
}

Tensor adaptive_avg_pool1d(const Tensor& x, const PerAxis<1>& output_size, Place place) {
  const OpName op("adaptive_avg_pool1d", place);
  check_image(op, x, 1);
  const Means m{1, x.shape()[2], {one_pixel}, adaptive_spans(op, "length", x.shape()[2], output_size[0])};
  return as_sequence(means(place, as_image(x, place), std::make_shared<const Means>(m)), place);
}

Tensor adaptive_avg_pool2d(const Tensor& x, const PerAxis<2>& output_size, Place place) {
  const OpName op("adaptive_avg_pool2d", place);
  check_image(op, x, 2);
  const Means m{x.shape()[2], x.shape()[3], adaptive_spans(op, "height", x.shape()[2], output_size[0]),
                adaptive_spans(op, "width", x.shape()[3], output_size[1])};
  return means(place, x, std::make_shared<const Means>(m));
}

}  // namespace gradus
