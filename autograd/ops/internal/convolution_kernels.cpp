#include <gradus/autograd/ops/internal/convolution_kernels.h>

#include <algorithm>
#include <vector>

#include <gradus/autograd/foundation/internal/gemm.h>
#include <gradus/autograd/foundation/internal/row_sums.h>
#include <gradus/autograd/foundation/internal/scratch.h>
#include <gradus/autograd/foundation/internal/simd.h>
#include <gradus/autograd/foundation/parallel.h>

namespace gradus {

namespace {

using blas::Transpose;

constexpr Index piece_work = Index{1} << 20;   // multiply-adds that are worth a task
constexpr Index block_bytes = Index{1} << 19;  // of the patches of a block: they fit in the second-level cache

// The output rows of an image, in blocks of equal height.
struct Blocks {
  Index rows, count;
  Blocks(const Convolution& c, Index element_bytes) {
    const Index row_bytes = std::max<Index>(1, c.taps()) * c.columns.count * element_bytes;
    const Index most = std::clamp<Index>(block_bytes / row_bytes, 1, c.rows.count);
    count = (c.rows.count + most - 1) / most;
    rows = (c.rows.count + count - 1) / count;
    count = (c.rows.count + rows - 1) / rows;
  }
};

// One block of output rows of one image and group.
struct Block {
  Index image, group, first_row, rows;
};
Block block_at(const Convolution& c, const Blocks& b, Index i) {
  const Index first = i % b.count * b.rows;
  return {i / (b.count * c.groups), i / b.count % c.groups, first, std::min(b.rows, c.rows.count - first)};
}

bool trivial(const Convolution& c) { return c.rows.trivial() && c.columns.trivial(); }

// Whole vectors: writes up to a vector past the end.
template <class T>
void copy_past_end(const T* from, Index n, T* to) {
  for (Index i = 0; i < n; i += simd::lanes_of<T>) simd::store(to + i, simd::load<simd::Vector<T>>(from + i));
}

// Calls f(channel, ky, kx, {first row, last row}) in the order of the patches' rows, with the output rows of the block
// whose pixel is inside the image.
template <class F>
void for_taps(const Convolution& c, const Block& b, F f) {
  for (Index channel = 0; channel < c.in; ++channel) {
    for (Index ky = 0; ky < c.rows.kernel; ++ky) {
      const auto [top, bottom] = c.rows.inside(ky);
      const Index first = std::clamp(top, b.first_row, b.first_row + b.rows),
                  last = std::clamp(bottom, first, b.first_row + b.rows);
      for (Index kx = 0; kx < c.columns.kernel; ++kx) f(channel, ky, kx, Windows::Range{first, last});
    }
  }
}

std::vector<Windows::Range> ranges(const Windows& w) {
  std::vector<Windows::Range> of_taps;
  for (Index k = 0; k < w.kernel; ++k) of_taps.push_back(w.inside(k));
  return of_taps;
}

// Whether the windows of a row are as many as its pixels, one per pixel. Then the lines of one tap are one run of the
// image, but for their ends.
bool same_size(const Windows& columns) { return columns.stride == 1 && columns.count == columns.extent; }

// Sets the numbers of each line to 0 that are not inside.
template <class T>
void clear_ends(Index lines, Index width, const Windows::Range& inside, T* x) {
  for (Index r = 0; r < lines; ++r, x += width) {
    for (Index i = 0; i < inside.begin; ++i) x[i] = T(0);
    for (Index i = inside.end; i < width; ++i) x[i] = T(0);
  }
}

// The patches of a block as columns: to[tap, position], from the image x of one group. Lines are written in the order
// of memory, so a line may write past its end.
template <class T>
void im2col(const Convolution& c, const Block& b, const std::vector<Windows::Range>& across, const T* x, T* to) {
  const Windows& columns = c.columns;
  const bool runs = same_size(columns) && c.rows.stride == 1;
  for_taps(c, b, [&](Index channel, Index ky, Index kx, const Windows::Range& rows) {
    const auto [left, right] = across[static_cast<std::size_t>(kx)];
    const Index width = columns.count, lines = left < right ? rows.end - rows.begin : 0,
                before = lines ? rows.begin - b.first_row : b.rows;
    std::fill_n(to, before * width, T(0));
    to += before * width;
    if (lines == 0) return;
    const T* from =
        x + (channel * c.rows.extent + c.rows.pixel(rows.begin, ky)) * columns.extent + columns.pixel(left, kx);
    if (runs) {
      copy_past_end(from, (lines - 1) * width + right - left, to + left);
      clear_ends(lines, width, {left, right}, to);
    } else {
      for (Index r = 0; r < lines; ++r, from += c.rows.stride * columns.extent) {
        T* line = to + r * width;
        for (Index i = 0; i < left; ++i) line[i] = T(0);
        if (columns.stride == 1)
          copy_past_end(from, right - left, line + left);
        else
          for (Index i = left; i < right; ++i) line[i] = from[(i - left) * columns.stride];
        for (Index i = right; i < width; ++i) line[i] = T(0);
      }
    }
    to += lines * width;
    const Index after = b.first_row + b.rows - rows.end;
    std::fill_n(to, after * width, T(0));
    to += after * width;
  });
}

template <class T>
[[gnu::always_inline]] inline void add_line(Index n, const T* __restrict from, T* __restrict to, Index step) {
  if (step == 1)
    add_row(n, from, to);
  else
    for (Index i = 0; i < n; ++i) to[i * step] += from[i];
}

// The adjoint of im2col: adds the columns to x. Changes the columns.
template <class T>
void col2im(const Convolution& c, const Block& b, const std::vector<Windows::Range>& across, T* from, T* x) {
  const Windows& columns = c.columns;
  const bool runs = same_size(columns) && c.rows.stride == 1;
  for_taps(c, b, [&](Index channel, Index ky, Index kx, const Windows::Range& rows) {
    const auto [left, right] = across[static_cast<std::size_t>(kx)];
    const Index width = columns.count, lines = left < right ? rows.end - rows.begin : 0;
    T* to = x + (channel * c.rows.extent + c.rows.pixel(rows.begin, ky)) * columns.extent + columns.pixel(left, kx);
    T* line = from + (rows.begin - b.first_row) * width;
    if (runs && lines > 0) {
      clear_ends(lines, width, {left, right}, line);
      add_line((lines - 1) * width + right - left, line + left, to, 1);
    } else {
      for (Index r = 0; r < lines; ++r, line += width, to += c.rows.stride * columns.extent)
        add_line(right - left, line + left, to, columns.stride);
    }
    from += b.rows * width;
  });
}

// The patches of a block [taps, positions], `step` numbers from row to row. The image itself where it has the layout.
template <class T>
struct Patches {
  const T* values;
  Index step;
  Patches(const Convolution& c, const Block& b, const std::vector<Windows::Range>& across, const T* x,
          const Scratch<T>& scratch) {
    x += (b.image * c.groups + b.group) * c.in * c.pixels();
    if (trivial(c)) {
      values = x + b.first_row * c.columns.extent;
      step = c.pixels();
    } else {
      im2col(c, b, across, x, scratch.data());
      values = scratch.data();
      step = b.rows * c.columns.count;
    }
  }
};

template <class T>
Scratch<T> patches_of(const Convolution& c, const Blocks& blocks) {
  return Scratch<T>(trivial(c) ? 1 : c.taps() * blocks.rows * c.columns.count);
}

}  // namespace

template <class T>
void convolve(const Convolution& c, const T* x, const T* w, const T* bias, T* y) {
  if (c.batch * c.out * c.groups == 0) return;
  const Blocks blocks(c, sizeof(T));
  const std::vector<Windows::Range> across = ranges(c.columns);
  const Index taps = c.taps(), positions = c.positions();
  parallel_for(c.batch * c.groups * blocks.count, grain_of(piece_work, taps * c.out * blocks.rows * c.columns.count),
               [&](Index begin, Index end) {
                 const Scratch<T> scratch = patches_of<T>(c, blocks);
                 for (Index i = begin; i < end; ++i) {
                   const Block b = block_at(c, blocks, i);
                   const Patches<T> patches(c, b, across, x, scratch);
                   const Index n = b.rows * c.columns.count;
                   T* to = y + (b.image * c.groups + b.group) * c.out * positions + b.first_row * c.columns.count;
                   if (bias)
                     for (Index k = 0; k < c.out; ++k) std::fill_n(to + k * positions, n, bias[b.group * c.out + k]);
                   const Onto<T> onto = bias ? Onto<T>{to, positions} : Onto<T>{};
                   gemm<T>(Transpose::no, Transpose::no, c.out, n, taps, w + b.group * c.out * taps,
                           std::max<Index>(1, taps), patches.values, patches.step, onto, to, positions);
                 }
               });
}

template <class T>
void convolve_transposed(const Convolution& c, const T* y, const T* w, const T* bias, T* x) {
  if (c.batch * c.in * c.groups == 0) return;
  const Blocks blocks(c, sizeof(T));
  const std::vector<Windows::Range> across = ranges(c.columns);
  const Index taps = c.taps(), positions = c.positions();
  parallel_for(c.batch * c.groups, grain_of(piece_work, taps * c.out * positions), [&](Index begin, Index end) {
    const Scratch<T> scratch = patches_of<T>(c, blocks);
    for (Index i = begin; i < end; ++i) {
      T* to = x + i * c.in * c.pixels();
      for (Index k = 0; k < c.in; ++k)
        std::fill_n(to + k * c.pixels(), c.pixels(), bias ? bias[i % c.groups * c.in + k] : T(0));
      for (Index j = 0; j < blocks.count; ++j) {
        const Block b = block_at(c, blocks, i * blocks.count + j);
        const T *from = y + i * c.out * positions + b.first_row * c.columns.count, *kernel = w + b.group * c.out * taps;
        const Index n = b.rows * c.columns.count;
        if (trivial(c)) {
          T* block = to + b.first_row * c.columns.extent;
          gemm<T>(Transpose::yes, Transpose::no, taps, n, c.out, kernel, taps, from, positions, {block, c.pixels()},
                  block, c.pixels());
        } else {
          gemm<T>(Transpose::yes, Transpose::no, taps, n, c.out, kernel, taps, from, positions, {}, scratch.data(), n);
          col2im(c, b, across, scratch.data(), to);
        }
      }
    }
  });
}

template <class T>
void correlate(const Convolution& c, const T* x, const T* y, T* w) {
  const Index size = c.w().numel();
  if (size == 0) return;
  if (c.batch == 0) {
    std::fill_n(w, size, T(0));
    return;
  }
  const Blocks blocks(c, sizeof(T));
  const std::vector<Windows::Range> across = ranges(c.columns);
  const Index taps = c.taps(), positions = c.positions(), units = c.batch * blocks.count;
  // Sums of consecutive blocks, which are then added in a tree. Their number depends on the shape only. A sum is
  // [taps, out] per group, so that the product transposes y, which is smaller than the patches.
  constexpr Index most_sums = 16, most_elements = Index{1} << 22;
  const Index sums = std::min(units, std::clamp<Index>(most_elements / size, 2, most_sums));
  const Scratch<T> all(sums * size);
  parallel_each(sums, 1, [&](Index s) {
    const Scratch<T> scratch = patches_of<T>(c, blocks);
    const Index first = s * units / sums, end = (s + 1) * units / sums;
    for (Index unit = first; unit < end; ++unit) {
      for (Index g = 0; g < c.groups; ++g) {
        const Block b = block_at(c, blocks, (unit / blocks.count * c.groups + g) * blocks.count + unit % blocks.count);
        const Patches<T> patches(c, b, across, x, scratch);
        T* to = all.data() + s * size + g * c.out * taps;
        gemm<T>(Transpose::no, Transpose::yes, taps, c.out, b.rows * c.columns.count, patches.values, patches.step,
                y + (b.image * c.groups + g) * c.out * positions + b.first_row * c.columns.count, positions,
                unit == first ? Onto<T>{} : Onto<T>{to, c.out}, to, c.out);
      }
    }
  });
  parallel_for(size, Index{1} << 14, [&](Index begin, Index end) {
    for (Index stride = 1; stride < sums; stride *= 2) {
      for (Index s = 0; s + stride < sums; s += 2 * stride)
        add_line(end - begin, all.data() + (s + stride) * size + begin, all.data() + s * size + begin, 1);
    }
  });
  parallel_each(c.groups, grain_of(Index{1} << 14, taps * c.out), [&](Index g) {
    simd::transpose(all.data() + g * taps * c.out, taps, c.out, c.out, w + g * taps * c.out, taps);
  });
}

#define GRADUS_CONVOLUTION(T)                                                              \
  template void convolve(const Convolution&, const T*, const T*, const T*, T*);            \
  template void convolve_transposed(const Convolution&, const T*, const T*, const T*, T*); \
  template void correlate(const Convolution&, const T*, const T*, T*);
GRADUS_CONVOLUTION(float)
GRADUS_CONVOLUTION(double)
#undef GRADUS_CONVOLUTION

}  // namespace gradus
