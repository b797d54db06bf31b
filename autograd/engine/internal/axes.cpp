#include <gradus/autograd/engine/internal/axes.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include <gradus/autograd/foundation/parallel.h>

namespace gradus {

Index normalise_axis(const OpName& op, Index axis, const Shape& shape) {
  const Index r = shape.rank();
  if (axis < -r || axis >= r)
    throw Error(fmt::format("{}: axis {} is not in shape {}, expected one from {} to {}", op.name, axis,
                            to_string(shape), -r, r - 1),
                op.place);
  return axis < 0 ? axis + r : axis;
}

bool is_scalar_axis(const OpName& op, Index axis, const Shape& shape) {
  if (shape.rank() > 0) return false;
  if (axis != 0 && axis != -1)
    throw Error(fmt::format("{}: a scalar has no axis {}, expected 0 or -1", op.name, axis), op.place);
  return true;
}

void check_shape(const OpName& op, const Shape& shape) {
  if (!shape.possible()) throw Error(fmt::format("{}: {}", op.name, why_impossible(shape)), op.place);
}

std::vector<bool> normalise_axes(const OpName& op, const std::vector<Index>& axes, const Shape& shape) {
  if (shape.rank() == 0 && axes.size() == 1 && is_scalar_axis(op, axes[0], shape)) return {};
  std::vector<bool> named(static_cast<std::size_t>(shape.rank()), axes.empty());
  for (Index a : axes) {
    const auto axis = static_cast<std::size_t>(normalise_axis(op, a, shape));
    if (named[axis])
      throw Error(fmt::format("{}: axis {} of shape {} is named twice", op.name, a, to_string(shape)), op.place);
    named[axis] = true;
  }
  return named;
}

Shape reduced(const Shape& shape, const std::vector<bool>& named, bool keepdim) {
  Shape out;
  for (Index i = 0; i < shape.rank(); ++i) {
    if (!named[static_cast<std::size_t>(i)])
      out.push_back(shape[i]);
    else if (keepdim)
      out.push_back(1);
  }
  return out;
}

Index elements_along(const Shape& shape, const std::vector<bool>& named) {
  Index n = 1;
  for (Index i = 0; i < shape.rank(); ++i)
    if (named[static_cast<std::size_t>(i)]) n *= shape[i];
  return n;
}

void check_ids(const OpName& op, const Tensor& ids, Index bound) {
  if (ids.dtype() != DType::i64) throw Error(fmt::format("{}: ids {} must be i64", op.name, describe(ids)), op.place);
  const Index *p = ids.data<Index>(), n = ids.numel();
  const auto outside = [bound](Index id) { return id < 0 || id >= bound; };
  std::atomic<bool> wrong = false;
  parallel_for(n, Index{1} << 14, [&](Index begin, Index end) {
    unsigned any = 0;
    for (Index i = begin; i < end; ++i) any |= static_cast<unsigned>(outside(p[i]));
    if (any) wrong = true;
  });
  if (!wrong) return;
  const Index i = std::find_if(p, p + n, outside) - p;
  throw Error(fmt::format("{}: id {} at position {} is outside [0, {})", op.name, p[i], i, bound), op.place);
}

void check_floating(const OpName& op, const Tensor& x) {
  if (!is_floating(x.dtype()))
    throw Error(fmt::format("{}: {} must be f32 or f64; convert with to(x, DType::f32)", op.name, describe(x)),
                op.place);
}

}  // namespace gradus
