#include <gradus/autograd/ops/diagonals.h>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/internal/blocks.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>

namespace gradus {

namespace {

// x with zeros on the one side of a diagonal.
Tensor triangle(const OpName& op, const Tensor& x, Index diagonal, bool upper) {
  if (x.rank() < 2)
    throw Error(fmt::format("{}: {} must have two axes or more: rows and columns", op.name, describe(x)), op.place);
  const Index rows = x.shape()[-2], columns = x.shape()[-1];
  const Index first = std::clamp(diagonal, -rows, columns);  // of the diagonal, in row 0
  Tensor y = Tensor::zeros(op, x.shape(), x.dtype());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = x.data<T>();
    T* out = y.mutable_data<T>();
    if (columns == 0) return;
    parallel_each(rows_of(x.shape()), grain_of(copy_grain, columns), [&](Index r) {
      const Index at = first + r % rows;
      const Index begin = upper ? std::clamp<Index>(at, 0, columns) : 0;
      const Index end = upper ? columns : std::clamp<Index>(at + 1, 0, columns);
      std::copy(p + r * columns + begin, p + r * columns + end, out + r * columns + begin);
    });
  });
  return record(op, y, {unread(x)},
                [op, diagonal, upper](const Tensor& dy) { return Grads{triangle(op, dy, diagonal, upper)}; });
}

}  // namespace

Tensor tril(const Tensor& x, Integer diagonal, Place place) { return triangle({"tril", place}, x, diagonal, false); }

Tensor triu(const Tensor& x, Integer diagonal, Place place) { return triangle({"triu", place}, x, diagonal, true); }

Tensor diagonal(const Tensor& x, Integer offset, Integer axis1, Integer axis2, Place place) {
  const OpName op("diagonal", place);
  const Index a = normalise_axis(op, axis1, x.shape()), b = normalise_axis(op, axis2, x.shape());
  if (a == b)
    throw Error(fmt::format("diagonal: both axes are axis {} of {}, expected two axes", a, describe(x)), place);
  std::vector<Index> order;
  Shape shape;
  for (Index i = 0; i < x.rank(); ++i) {
    if (i == a || i == b) continue;
    order.push_back(i);
    shape.push_back(x.shape()[i]);
  }
  order.insert(order.end(), {a, b});
  const Index rows = x.shape()[a], columns = x.shape()[b];
  const Index n = std::max<Index>(0, offset >= 0 ? std::min(rows, columns - offset) : std::min(rows + offset, columns));
  shape.push_back(rows * columns);
  const Tensor flat = reshape(permute(x, order, place), shape, place);
  if (flat.numel() == 0) return narrow(flat, -1, 0, n, place);
  std::vector<Index> at(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i)
    at[static_cast<std::size_t>(i)] = offset >= 0 ? i * (columns + 1) + offset : (i - offset) * columns + i;
  return index_select(flat, -1, Tensor::from(at, {n}), place);
}

Tensor trace(const Argument& x) {
  if (x.tensor().rank() != 2)
    throw Error(fmt::format("trace: {} must be [rows, columns]", describe(x.tensor())), x.place());
  return sum(diagonal(x.tensor(), 0, 0, 1, x.place()), {}, false, x.place());
}

}  // namespace gradus
