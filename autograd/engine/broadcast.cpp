#include <gradus/autograd/engine/broadcast.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/engine/internal/axes.h>

namespace gradus {

Shape broadcast_shapes(const OpName& op, const Shape& a, const Shape& b) {
  if (a == b) return a;
  Shape result = a.rank() >= b.rank() ? a : b;
  for (Index i = 1; i <= std::min(a.rank(), b.rank()); ++i) {
    const Index x = a[-i], y = b[-i];
    if (x != y && x != 1 && y != 1)
      throw Error(
          fmt::format("{}: shapes {} and {} do not broadcast: at axis {} from the end the extents are {} and {}, "
                      "expected equal ones or a 1",
                      op.name, to_string(a), to_string(b), i, x, y),
          op.place);
    result[-i] = x == 1 ? y : x;
  }
  check_shape(op, result);
  return result;
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.rank() > to.rank()) return false;
  for (Index i = 1; i <= from.rank(); ++i)
    if (from[-i] != to[-i] && from[-i] != 1) return false;
  return true;
}

std::array<Index, Shape::max_rank> broadcast_strides(const Shape& from, const Shape& to) {
  std::array<Index, Shape::max_rank> strides{};
  Index stride = 1;
  for (Index i = 1; i <= from.rank(); ++i) {
    strides[static_cast<std::size_t>(to.rank() - i)] = from[-i] == 1 ? 0 : stride;
    stride *= from[-i];
  }
  return strides;
}

BroadcastReader::BroadcastReader(const Shape& from, const Shape& to) : direct_(from.numel() == to.numel()) {
  const auto strides = broadcast_strides(from, to);
  extents_[0] = 1;
  strides_[0] = 0;
  bool first = true;
  for (Index d = 0; d < to.rank(); ++d) {
    const Index extent = to[d], stride = strides[static_cast<std::size_t>(d)];
    if (extent == 1) continue;
    const std::size_t last = rank_ - 1;
    if (first) {
      extents_[last] = extent;
      strides_[last] = stride;
      first = false;
    } else if (strides_[last] == stride * extent) {
      extents_[last] *= extent;
      strides_[last] = stride;
    } else {
      extents_[rank_] = extent;
      strides_[rank_] = stride;
      ++rank_;
    }
  }
}

}  // namespace gradus
