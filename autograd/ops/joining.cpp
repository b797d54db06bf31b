#include <gradus/autograd/ops/joining.h>

#include <fmt/format.h>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/sizes.h>
#include <gradus/autograd/ops/internal/blocks.h>
#include <gradus/autograd/ops/slicing.h>

namespace gradus {

namespace {

// A tensor of the given shape, with the parts in sequence along the axis. Part k has extent extents[k].
Tensor side_by_side(const OpName& op, const std::vector<Tensor>& parts, const std::vector<Index>& extents,
                    const Shape& shape, Index axis) {
  Tensor y = Tensor::empty(op, shape, parts[0].dtype());
  const AroundAxis a(shape, axis);
  dispatch(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* out = y.mutable_data<T>();
    for (std::size_t k = 0; k < parts.size(); ++k) {
      const Index block = extents[k] * a.inner;
      copy_blocks(parts[k].data<T>(), a.outer, block, out, a.extent * a.inner, block);
      out += block;
    }
  });
  return y;
}

}  // namespace

Tensor concat(const std::vector<Tensor>& parts, Integer dim, Place place) {
  const OpName op("concat", place);
  if (parts.empty()) throw Error("concat: no tensors were given", place);
  const Index axis = normalise_axis(op, dim, parts[0].shape());
  Shape shape = parts[0].shape();
  shape[axis] = 0;
  std::vector<Index> extents;
  for (const Tensor& p : parts) {
    Shape rest = p.shape();
    if (rest.rank() == shape.rank()) rest[axis] = shape[axis];
    if (!(rest == shape) || p.dtype() != parts[0].dtype()) {
      throw Error(
          fmt::format("concat: {} does not fit beside {} along axis {}; the other extents and the dtype must be equal",
                      describe(p), describe(parts[0]), axis),
          place);
    }
    extents.push_back(p.shape()[axis]);
    shape[axis] = add_sat(shape[axis], extents.back());
  }
  check_shape(op, shape);
  const Tensor y = side_by_side(op, parts, extents, shape, axis);
  std::vector<Input> inputs;
  for (const Tensor& p : parts) inputs.push_back(unread(p));
  return record(op, y, inputs, [axis, extents](const Tensor& dy, Needs needs) {
    Grads grads;
    Index start = 0;
    for (std::size_t k = 0; k < extents.size(); ++k) {
      grads.push_back(needs[static_cast<Index>(k)] ? narrow(dy, axis, start, extents[k]) : Tensor());
      start += extents[k];
    }
    return grads;
  });
}

Tensor stack(const std::vector<Tensor>& parts, Integer dim, Place place) {
  const OpName op("stack", place);
  if (parts.empty()) throw Error("stack: no tensors were given", place);
  const Index rank = parts[0].rank(), axis = dim + (dim < 0 ? rank + 1 : 0);
  if (axis < 0 || axis > rank) {
    throw Error(fmt::format("stack: axis {} cannot be added to shape {}, expected one from {} to {}", dim.value(),
                            to_string(parts[0].shape()), -rank - 1, rank),
                place);
  }
  for (const Tensor& p : parts) {
    if (!(p.shape() == parts[0].shape()) || p.dtype() != parts[0].dtype()) {
      throw Error(fmt::format("stack: {} cannot be stacked on {}; shapes and dtypes must be equal", describe(p),
                              describe(parts[0])),
                  place);
    }
  }
  Shape shape = parts[0].shape();
  shape.insert(axis, std::ssize(parts));
  check_shape(op, shape);
  const Tensor y = side_by_side(op, parts, std::vector<Index>(parts.size(), 1), shape, axis);
  std::vector<Input> inputs;
  for (const Tensor& p : parts) inputs.push_back(unread(p));
  return record(op, y, inputs, [axis, count = std::ssize(parts)](const Tensor& dy, Needs needs) {
    Grads grads;
    for (Index k = 0; k < count; ++k) grads.push_back(needs[k] ? select(dy, axis, k) : Tensor());
    return grads;
  });
}

}  // namespace gradus
