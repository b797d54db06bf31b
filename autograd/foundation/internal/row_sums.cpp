#include <gradus/autograd/foundation/internal/row_sums.h>

#include <algorithm>
#include <bit>
#include <cstdint>

#include <gradus/autograd/foundation/internal/lanes.h>
#include <gradus/autograd/foundation/internal/scratch.h>
#include <gradus/autograd/foundation/parallel.h>

// A column of up to 128 numbers is added as by lane_sum: row r goes to lane r mod 16, each lane is added in a binary
// tree, and the lanes are joined by halves. The sums of blocks of 128 rows are added like rows. So the bits of a column
// do not depend on the number of columns.
namespace gradus {

namespace {

constexpr Index together = 8;                  // rows of a lane in a block
constexpr Index row_block = together * lanes;  // rows that are added at a time
constexpr Index strip = 256;                   // columns that are added at a time, with their lanes in the first cache
constexpr Index narrow = 64;                   // fewer columns than this do not fill the vectors
constexpr Index many = 48;                     // rows for which wide rows are worth their copies
constexpr Index piece = Index{1} << 15;        // elements that are worth a task

// Lanes that are joined first are neighbours in this order.
constexpr Index lane_order[lanes] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};

// The binary tree of `count` rows, a power of two.
template <Index count, class T>
[[gnu::always_inline]] inline T tree_at(const T* const* rows, Index i) {
  if constexpr (count == 1)
    return rows[0][i];
  else
    return tree_at<count / 2>(rows, i) + tree_at<count / 2>(rows + count / 2, i);
}
template <Index count, class T>
[[gnu::noinline]] void add_tree(Index columns, const T* const* rows, T* __restrict out) {
  const T* row[count];
  std::copy_n(rows, count, row);
  for (Index i = 0; i < columns; ++i) out[i] = T(0) + tree_at<count>(row, i);
}
// out += the same.
template <Index count, class T>
[[gnu::noinline]] void add_tree_onto(Index columns, const T* const* rows, T* __restrict out) {
  const T* row[count];
  std::copy_n(rows, count, row);
  for (Index i = 0; i < columns; ++i) out[i] += tree_at<count>(row, i);
}

// out = the binary tree of 2^bits rows, at most 16.
template <class T>
void add_rows(int bits, Index columns, const T* const* rows, T* out) {
  using Add = void (*)(Index, const T* const*, T*);
  constexpr Add by_bits[] = {add_tree<1, T>, add_tree<2, T>, add_tree<4, T>, add_tree<8, T>, add_tree<16, T>};
  by_bits[bits](columns, rows, out);
}

template <class T>
constexpr T zeros[lanes * narrow] = {};

int bits_of(Index most) { return std::bit_width(static_cast<std::uint64_t>(most)); }

// At most `row_block` rows, `step` apart, of at most `strip` columns.
template <class T>
class Block {
 public:
  Block(const T* x, Index rows, Index step, Index columns) : x_(x), rows_(rows), step_(step), columns_(columns) {}

  void sum(T* out) {
    if (rows_ > lanes) {
      bits_ = bits_of((rows_ - 1) / lanes);
      return bits_ == 1 ? sum_groups<2>(0, out) : bits_ == 2 ? sum_groups<4>(0, out) : sum_groups<8>(0, out);
    }
    const int bits = bits_of(rows_ - 1);
    const T* row[lanes];
    for (Index k = 0; k < Index{1} << bits; ++k) row[k] = row_at(lane_order[k] >> (4 - bits));
    add_rows(bits, columns_, row, out);
  }

 private:
  const T* row_at(Index r) const { return r < rows_ ? x_ + r * step_ : zeros<T>; }

  // Sixteen rows are a group. The rows of a lane come after each other, filled with zeros to 2^bits_ rows.
  struct Group {
    const T* row[lanes];
    Group(const Block& b, Index number) {
      for (Index k = 0; k < lanes; ++k) {
        const Index place = number * lanes + k, within = place & ((Index{1} << b.bits_) - 1);
        row[k] = b.row_at(lane_order[place >> b.bits_] + within * lanes);
      }
    }
  };
  // The binary tree of `count` groups, a power of two.
  template <Index count>
  void sum_groups(Index first, T* out) const {
    if constexpr (count == 2) {
      add_tree<lanes>(columns_, Group(*this, first).row, out);
      add_tree_onto<lanes>(columns_, Group(*this, first + 1).row, out);
    } else {
      T half[strip];
      sum_groups<count / 2>(first, out);
      sum_groups<count / 2>(first + count / 2, half);
      for (Index i = 0; i < columns_; ++i) out[i] += half[i];
    }
  }

  const T* x_;
  Index rows_, step_, columns_;
  int bits_ = 0;
};

// The same for fewer than `narrow` columns that are side by side: each run of 16 rows is one wide row.
template <class T>
void sum_narrow_block(const T* x, Index rows, Index columns, T* out) {
  const Index width = lanes * columns, whole = rows / lanes, rest = rows % lanes * columns;
  T wide[lanes * narrow], last[lanes * narrow];
  if (rest) {
    std::copy_n(x + whole * width, rest, last);
    std::fill_n(last + rest, width - rest, T(0));
  }
  const Index count = whole + (rest > 0);
  const int bits = bits_of(count - 1);
  const T* row[together];
  for (Index j = 0; j < Index{1} << bits; ++j) row[j] = j < whole ? x + j * width : j < count ? last : zeros<T>;
  add_rows(bits, width, row, wide);
  for (Index half = width / 2; half >= columns; half /= 2)
    for (Index i = 0; i < half; ++i) wide[i] += wide[half + i];
  std::copy_n(wide, columns, out);
}

}  // namespace

template <class T>
void sum_rows(const T* x, Index rows, Index columns, T* out) {
  if (rows == 0 || columns == 0) {
    std::fill_n(out, columns, T(0));
    return;
  }
  const auto sum_part = [&](Index block, Index begin, T* sum) {
    const T* from = x + block * row_block * columns + begin;
    const Index count = std::min(row_block, rows - block * row_block);
    if (columns < narrow && count > many)
      sum_narrow_block(from, count, columns, sum);
    else
      Block<T>(from, count, columns, std::min(strip, columns - begin)).sum(sum);
  };
  if (rows <= row_block && columns <= strip) return sum_part(0, 0, out);
  const Index blocks = (rows + row_block - 1) / row_block, strips = (columns + strip - 1) / strip;
  const Scratch<T> partial(blocks > 1 ? blocks * columns : 1);
  T* sums = blocks > 1 ? partial.data() : out;
  const Index grain = grain_of(piece, std::min(rows, row_block) * std::min(columns, strip));
  parallel_each(blocks * strips, grain, [&](Index task) {
    const Index block = task / strips, begin = task % strips * strip;
    sum_part(block, begin, sums + block * columns + begin);
  });
  if (blocks > 1) sum_rows<T>(sums, blocks, columns, out);
}

template void sum_rows(const float*, Index, Index, float*);
template void sum_rows(const double*, Index, Index, double*);
template void sum_rows(const std::uint64_t*, Index, Index, std::uint64_t*);

template <class T>
void add_row(Index n, const T* __restrict x, T* __restrict sum) {
  for (Index i = 0; i < n; ++i) sum[i] += x[i];
}

template void add_row(Index, const float*, float*);
template void add_row(Index, const double*, double*);
template void add_row(Index, const Index*, Index*);

}  // namespace gradus
