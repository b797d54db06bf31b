#include <gradus/autograd/ops/indexing.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include <gradus/autograd/engine/internal/accumulate.h>
#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/internal/row_sums.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/copying.h>
#include <gradus/autograd/ops/internal/blocks.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

namespace {

// Threads divide work on single elements at indices in pieces of at least this many.
constexpr Index entry_grain = Index{1} << 13;

// sum[o, index[k], i] += source[o, k, i]; `around` describes source's axis. Threads divide the columns, not the rows,
// so that repeated indices add in order of position.
void add_entries(const OpName& op, const Tensor& source, const AroundAxis& around, const Tensor& index, Index extent,
                 Tensor& sum) {
  check_ids(op, index, extent);
  if (source.numel() == 0) return;
  const Index* id = index.data<Index>();
  const Index column_grain = std::max<Index>(16, (Index{1} << 16) / std::max<Index>(1, around.extent));
  dispatch(source.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = source.data<T>();
    T* to = sum.mutable_data<T>();
    if (around.inner == 1) {
      parallel_each(around.outer, grain_of(entry_grain, around.extent), [&](Index o) {
        const T* row = from + o * around.extent;
        T* entries = to + o * extent;
        for (Index k = 0; k < around.extent; ++k) entries[id[k]] += row[k];
      });
      return;
    }
    for (Index o = 0; o < around.outer; ++o) {
      parallel_for(around.inner, column_grain, [&](Index begin, Index end) {
        for (Index k = 0; k < around.extent; ++k) {
          const T* row = from + (o * around.extent + k) * around.inner;
          T* entry = to + (o * extent + id[k]) * around.inner;
          add_row(end - begin, row + begin, entry + begin);
        }
      });
    }
  });
}

}  // namespace

Tensor embedding(const Tensor& table, const Tensor& ids, std::optional<Integer> padding_idx, Place place) {
  const OpName op("embedding", place);
  if (table.rank() != 2)
    throw Error(fmt::format("embedding: the table {} must be [rows, dim]", describe(table)), place);
  check_ids(op, ids, table.shape()[0]);
  const Index rows = table.shape()[0], dim = table.shape()[1], n = ids.numel();
  Index padding = -1;  // none
  if (padding_idx) {
    const Index given = *padding_idx;
    padding = given < 0 ? given + rows : given;
    if (padding < 0 || padding >= rows) {
      throw Error(fmt::format("embedding: padding_idx {} is not a row of the table {}", given, describe(table)), place);
    }
  }
  Shape shape = ids.shape();
  shape.push_back(dim);
  check_shape(op, shape);
  Tensor y = Tensor::empty(op, shape, table.dtype());
  const Index* id = ids.data<Index>();
  dispatch(table.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = table.data<T>();
    T* to = y.mutable_data<T>();
    parallel_for(n, std::max<Index>(1, (1 << 16) / std::max<Index>(1, dim)), [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) std::copy_n(from + id[i] * dim, dim, to + i * dim);
    });
  });
  return record(op, y, {unread(table), ids}, [op, ids, rows, dim, padding](const Tensor& dy) {
    const Tensor index = reshape(ids, {ids.numel()});
    Tensor each = reshape(dy, {ids.numel(), dim});
    if (padding >= 0) each = masked_fill(each, unsqueeze(equal(index, padding), 1), 0);
    if (grad_enabled()) return Grads{index_add(each, 0, index, rows), Tensor()};
    return Grads{Gradient::added([op, each, index, rows](Tensor& sum) {
                   add_entries(op, each, AroundAxis(each.shape(), 0), index, rows, sum);
                 }),
                 Tensor()};
  });
}

Tensor one_hot(const Tensor& ids, Integer num_classes, Place place) {
  const OpName op("one_hot", place);
  Index classes = num_classes;
  if (classes == -1) {
    if (ids.numel() == 0)
      throw Error(fmt::format("one_hot: {} has no largest id; pass num_classes", describe(ids)), place);
    check_ids(op, ids, std::numeric_limits<Index>::max());
    classes = 1 + *std::max_element(ids.data<Index>(), ids.data<Index>() + ids.numel());
  } else if (classes < 1) {
    throw Error(fmt::format("one_hot: num_classes is {}, expected at least 1, or -1", classes), place);
  }
  check_ids(op, ids, classes);
  Shape shape = ids.shape();
  shape.push_back(classes);
  Tensor y = Tensor::zeros(op, shape, DType::i64);
  const Index *id = ids.data<Index>(), n = ids.numel();
  Index* out = y.mutable_data<Index>();
  for (Index i = 0; i < n; ++i) out[i * classes + id[i]] = 1;
  return without_gradient(op, y, {ids});
}

Tensor index_select(const Tensor& x, Integer dim, const Tensor& index, Place place) {
  const OpName op("index_select", place);
  if (is_scalar_axis(op, dim, x.shape()) && index.numel() == 1)
    return reshape(index_select(reshape(x, {1}, place), 0, reshape(index, {1}, place), place), {}, place);
  const Index axis = normalise_axis(op, dim, x.shape());
  if (index.rank() != 1)
    throw Error(fmt::format("index_select: the index {} must have one axis", describe(index)), place);
  check_ids(op, index, x.shape()[axis]);
  const AroundAxis a(x.shape(), axis);
  const Index n = index.numel();
  Shape shape = x.shape();
  shape[axis] = n;
  check_shape(op, shape);
  Tensor y = Tensor::empty(op, shape, x.dtype());
  const Index* id = index.data<Index>();
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    if (a.inner == 1 && n > 0) {
      parallel_each(a.outer, grain_of(entry_grain, n), [&](Index o) {
        for (Index k = 0; k < n; ++k) to[o * n + k] = from[o * a.extent + id[k]];
      });
      return;
    }
    parallel_for(a.outer * n, grain_of(copy_grain, a.inner), [&](Index begin, Index end) {
      for (Index k = begin; k < end; ++k)
        std::copy_n(from + (k / n * a.extent + id[k % n]) * a.inner, a.inner, to + k * a.inner);
    });
  });
  return record(op, y, {unread(x), index}, [axis, index, extent = a.extent](const Tensor& dy) {
    return Grads{index_add(dy, axis, index, extent), Tensor()};
  });
}

Tensor index_add(const Tensor& source, Integer dim, const Tensor& index, Integer extent, Place place) {
  const OpName op("index_add", place);
  const Index axis = normalise_axis(op, dim, source.shape());
  if (index.rank() != 1 || index.numel() != source.shape()[axis]) {
    throw Error(fmt::format("index_add: the index {} must have one entry for each of axis {} of {}", describe(index),
                            axis, describe(source)),
                place);
  }
  const AroundAxis a(source.shape(), axis);
  Shape shape = source.shape();
  shape[axis] = extent;
  check_shape(op, shape);
  Tensor y = Tensor::zeros(op, shape, source.dtype());
  add_entries(op, source, a, index, extent, y);
  return record(op, y, {unread(source), index}, [axis, index](const Tensor& dy) {
    return Grads{index_select(dy, axis, index), Tensor()};
  });
}

namespace {

// The elements of x at the indices along an axis.
class Gathered {
 public:
  /// Throws unless the index fits x.
  Gathered(const OpName& op, const Shape& x, Index axis, const Tensor& index);

  /// Calls f(position in index, position in x) for each element of the index. Threads divide the slices of the index
  /// along the axis, so each position of x belongs to one thread, and its elements come in the order of the index.
  template <class F>
  void for_each(F f) const {
    if (index_.numel() == 0) return;
    if (axis_ + 1 == x_.rank()) {
      parallel_each(a_.outer, grain_of(entry_grain, a_.extent), [&](Index o) {
        const Index first = o * a_.extent, start = start_of(o, 0);
        for (Index i = first; i < first + a_.extent; ++i) f(i, start + id_[i]);
      });
      return;
    }
    // A run is a part of the last axis.
    constexpr Index longest = 64;
    const Index stride = AroundAxis(x_, axis_).inner, row = index_.shape().back(), runs = (row + longest - 1) / longest,
                rows = a_.inner / row;
    parallel_each(a_.outer * rows * runs, grain_of(entry_grain, a_.extent * std::min(row, longest)), [&](Index piece) {
      const Index r = piece / runs % rows, o = piece / (runs * rows), begin = piece % runs * longest,
                  end = std::min(begin + longest, row), start = start_of(o, r);
      for (Index e = 0; e < a_.extent; ++e) {
        const Index at = (o * a_.extent + e) * a_.inner + r * row;
        for (Index i = begin; i < end; ++i) f(at + i, start + i + id_[at + i] * stride);
      }
    });
  }

 private:
  Index start_of(Index o, Index r) const;

  Shape x_;
  Index axis_;
  Tensor index_;
  AroundAxis a_;  // of the index
  const Index* id_;
};

// The index along an axis of x. Throws unless it fits.
const Tensor& checked(const OpName& op, const Shape& x, Index axis, const Tensor& index) {
  if (index.rank() != x.rank()) {
    throw Error(fmt::format("{}: the index {} must have as many axes as {}", op.name, describe(index), to_string(x)),
                op.place);
  }
  for (Index d = 0; d < x.rank(); ++d) {
    if (d != axis && index.shape()[d] > x[d]) {
      throw Error(
          fmt::format("{}: the index {} is larger than {} at axis {}", op.name, describe(index), to_string(x), d),
          op.place);
    }
  }
  check_ids(op, index, x[axis]);
  return index;
}

Gathered::Gathered(const OpName& op, const Shape& x, Index axis, const Tensor& index)
    : x_(x), axis_(axis), index_(checked(op, x, axis, index)), a_(index.shape(), axis), id_(index.data<Index>()) {}

// The place in x of entry 0 of the row `r` of the index's slice o.
Index Gathered::start_of(Index o, Index r) const {
  Index position = 0, step = 1;
  for (Index d = x_.rank() - 1; d >= 0; step *= x_[d--]) {
    if (d == axis_ || d + 1 == x_.rank()) continue;
    Index& rest = d > axis_ ? r : o;
    position += rest % index_.shape()[d] * step;
    rest /= index_.shape()[d];
  }
  return position;
}

// Whether the index of x is a scalar or x is one. It counts as one element of the axis 0 then.
bool is_of_scalar(const OpName& op, const Tensor& x, Index axis, const Tensor& index) {
  return is_scalar_axis(op, axis, x.shape()) || (x.rank() == 1 && index.rank() == 0);
}

Tensor as_row(const Tensor& x, const Place& place) { return x.rank() == 0 ? reshape(x, {1}, place) : x; }

}  // namespace

Tensor gather(const Tensor& x, Integer dim, const Tensor& index, Place place) {
  const OpName op("gather", place);
  if (is_of_scalar(op, x, dim, index))
    return reshape(gather(as_row(x, place), 0, as_row(index, place), place), index.shape(), place);
  const Index axis = normalise_axis(op, dim, x.shape());
  const Gathered gathered(op, x.shape(), axis, index);
  Tensor y = Tensor::empty(op, index.shape(), x.dtype());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    gathered.for_each([=](Index i, Index position) { to[i] = from[position]; });
  });
  return record(op, y, {unread(x), index}, [axis, index, shape = x.shape()](const Tensor& dy) {
    return Grads{scatter_add(Tensor::zeros(shape, dy.dtype()), axis, index, dy), Tensor()};
  });
}

namespace {

// 1 for each element of the index that is the last at its position in x, else 0.
Tensor last_writes(const OpName& op, const Shape& x, Index axis, const Tensor& index) {
  Tensor last = Tensor::empty(op, x, DType::i64), writes = Tensor::empty(op, index.shape(), DType::i64);
  Index *writer = last.mutable_data<Index>(), *out = writes.mutable_data<Index>();
  const Gathered gathered(op, x, axis, index);
  gathered.for_each([=](Index i, Index position) { writer[position] = i; });
  gathered.for_each([=](Index i, Index position) { out[i] = writer[position] == i ? 1 : 0; });
  return writes;
}

void check_source(const OpName& op, const Tensor& source, const Tensor& index, const Tensor& x) {
  if (source.shape() == index.shape() && source.dtype() == x.dtype()) return;
  throw Error(fmt::format("{}: {} must have the index's shape {} and the dtype of {}", op.name, describe(source),
                          to_string(index.shape()), describe(x)),
              op.place);
}

}  // namespace

Tensor scatter(const Tensor& x, Integer dim, const Tensor& index, const Operand& src, Place place) {
  const OpName op("scatter", place);
  if (is_of_scalar(op, x, dim, index)) {
    const Tensor row = src.is_number() ? Tensor() : as_row(src.tensor(), place);
    const Operand values = src.is_number() ? src : Operand(row, place);
    return reshape(scatter(as_row(x, place), 0, as_row(index, place), values, place), x.shape(), place);
  }
  const Index axis = normalise_axis(op, dim, x.shape());
  const Tensor values = src.is_number() ? Tensor::full(op, index.shape(), src.number(), x.dtype()) : src.tensor();
  check_source(op, values, index, x);
  const Gathered gathered(op, x.shape(), axis, index);
  Tensor y = copy_of(op, x);
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = values.data<T>();
    T* to = y.mutable_data<T>();
    gathered.for_each([=](Index i, Index position) { to[position] = from[i]; });
  });
  return record(op, y, {unread(x), unread(values), index},
                [op, axis, index, shape = x.shape()](const Tensor& dy, Needs needs) {
                  Grads grads{needs[0] ? scatter(dy, axis, index, 0) : Tensor(), Tensor(), Tensor()};
                  if (needs[1]) grads[1] = where(last_writes(op, shape, axis, index), gather(dy, axis, index), 0);
                  return grads;
                });
}

Tensor scatter_add(const Tensor& x, Integer dim, const Tensor& index, const Tensor& src, Place place) {
  const OpName op("scatter_add", place);
  if (is_of_scalar(op, x, dim, index)) {
    return reshape(scatter_add(as_row(x, place), 0, as_row(index, place), as_row(src, place), place), x.shape(), place);
  }
  const Index axis = normalise_axis(op, dim, x.shape());
  check_source(op, src, index, x);
  const Gathered gathered(op, x.shape(), axis, index);
  Tensor y = clone(x.detach());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = src.data<T>();
    T* to = y.mutable_data<T>();
    gathered.for_each([=](Index i, Index position) { to[position] += from[i]; });
  });
  return record(op, y, {unread(x), unread(src), index}, [axis, index](const Tensor& dy, Needs needs) {
    return Grads{dy, needs[1] ? gather(dy, axis, index) : Tensor(), Tensor()};
  });
}

}  // namespace gradus
