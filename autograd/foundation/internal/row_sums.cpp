#include <gradus/autograd/foundation/internal/row_sums.h>

#include <gradus/autograd/foundation/internal/scratch.h>
#include <gradus/autograd/foundation/parallel.h>

namespace gradus {

namespace {

constexpr Index strip = 512;      // columns that a task sums, with all levels of its tree in the first cache
constexpr Index together = 8;     // rows that are added before their sum is written
constexpr Index row_block = 128;  // rows that a task sums; a power of two

// out = the tree of `count` rows, a power of two.
template <Index count, class T>
[[gnu::always_inline]] inline T tree_at(const T* const* rows, Index i) {
  if constexpr (count == 1)
    return rows[0][i];
  else
    return tree_at<count / 2>(rows, i) + tree_at<count / 2>(rows + count / 2, i);
}
template <Index count, class T>
[[gnu::noinline]] void add_together(Index columns, const T* const* rows, T* __restrict out) {
  const T* row[count];
  std::copy_n(rows, count, row);
  for (Index i = 0; i < columns; ++i) out[i] = tree_at<count>(row, i);
}

// The first `count` rows, at most `together`; zeros follow them.
template <class T>
void add_some(Index count, Index columns, const T* const* rows, T* out) {
  if (count > 4)
    add_together<8>(columns, rows, out);
  else if (count > 2)
    add_together<4>(columns, rows, out);
  else if (count == 2)
    add_together<2>(columns, rows, out);
  else
    add_together<1>(columns, rows, out);
}

// At most `strip` columns of rows that are `step` apart. The last row ends after `last` columns; zeros follow.
template <class T>
void sum_strip(const T* x, Index rows, Index step, Index columns, Index last, T* out) {
  static constexpr T zeros[strip] = {};
  T end[strip];
  const T* last_row = x + (rows - 1) * step;
  if (last < columns) {
    std::copy_n(last_row, last, end);
    std::fill(end + last, end + columns, T(0));
    last_row = end;
  }
  const auto add_from = [&](Index r, T* sum) {
    const T* row[together];
    for (Index k = 0; k < together; ++k)
      row[k] = r + k < rows - 1 ? x + (r + k) * step : r + k == rows - 1 ? last_row : zeros;
    add_some(rows - r, columns, row, sum);
  };
  if (rows <= together) {
    add_from(0, out);
    for (Index i = 0; i < columns; ++i) out[i] += T(0);
    return;
  }
  T levels[RowSums<T>::levels(row_block / together) * strip];
  RowSums<T> sums(columns, levels);
  for (Index r = 0; r < rows; r += together) {
    add_from(r, sums.next());
    sums.add();
  }
  sums.total(out);
}

// out [width] = the sum of the rows of x, which has `size` numbers; the last row may be shorter.
template <class T>
void sum_wide(const T* x, Index size, Index width, T* out) {
  const Index rows = (size + width - 1) / width;
  if (rows <= row_block && width <= strip) return sum_strip(x, rows, width, width, size - (rows - 1) * width, out);
  const Index blocks = (rows + row_block - 1) / row_block, strips = (width + strip - 1) / strip;
  const auto sum_blocks = [&](T* sums) {  // [blocks, width]
    const Index grain = grain_of(Index{1} << 15, std::min(rows, row_block) * std::min(width, strip));
    parallel_each(blocks * strips, grain, [&](Index task) {
      const Index block = task / strips, begin = task % strips * strip, first = block * row_block;
      const Index count = std::min(row_block, rows - first), columns = std::min(strip, width - begin);
      const Index last = std::min(columns, size - (first + count - 1) * width - begin);
      sum_strip(x + first * width + begin, count, width, columns, last, sums + block * width + begin);
    });
  };
  if (blocks == 1) return sum_blocks(out);
  const Scratch<T> partial(blocks * width);
  sum_blocks(partial.data());
  sum_wide<T>(partial.data(), blocks * width, width, out);
}

}  // namespace

template <class T>
void sum_rows(const T* x, Index rows, Index columns, T* out) {
  if (rows == 0 || columns == 0) {
    std::fill_n(out, columns, T(0));
    return;
  }
  sum_wide(x, rows * columns, columns, out);
}

template void sum_rows(const float*, Index, Index, float*);
template void sum_rows(const double*, Index, Index, double*);
template void sum_rows(const Index*, Index, Index, Index*);

}  // namespace gradus
