#include <gradus/autograd/ops/internal/windows.h>

#include <fmt/format.h>

#include <algorithm>

namespace gradus {

namespace {

// With numbers up to this, no product or sum below overflows.
constexpr Index largest = (Index{1} << 31) - 1;

void check(const OpName& op, const char* axis, const char* what, Index number, Index least) {
  if (number < least || number > largest) {
    throw Error(
        fmt::format("{}: the {} is {} along the {}, expected {} to {}", op.name, what, number, axis, least, largest),
        op.place);
  }
}

void check(const OpName& op, const char* axis, Index extent, const WindowOptions& o) {
  check(op, axis, "extent", extent, 0);
  check(op, axis, "kernel size", o.kernel, 1);
  check(op, axis, "stride", o.stride, 1);
  check(op, axis, "padding", o.padding, 0);
  check(op, axis, "dilation", o.dilation, 1);
}

}  // namespace

Windows::Range Windows::inside(Index k) const {
  const Index first = pixel(0, k);
  const auto windows_before = [&](Index end) { return end <= first ? 0 : (end - first + stride - 1) / stride; };
  const Index end = std::min(count, windows_before(extent));
  return {std::min(end, windows_before(0)), end};
}

Windows windows(const OpName& op, const char* axis, Index extent, const WindowOptions& o, bool ceil) {
  check(op, axis, extent, o);
  const Index span = o.dilation * (o.kernel - 1) + 1, room = extent + 2 * o.padding - span;
  if (room < 0) {
    throw Error(fmt::format("{}: a kernel of {} with dilation {} spans {} pixels, which does not fit the {} {} with "
                            "padding {}",
                            op.name, o.kernel, o.dilation, span, axis, extent, o.padding),
                op.place);
  }
  Index count = (room + (ceil ? o.stride - 1 : 0)) / o.stride + 1;
  if (ceil && (count - 1) * o.stride >= extent + o.padding) --count;
  return {extent, o.kernel, o.stride, o.padding, o.dilation, count};
}

Windows transposed_windows(const OpName& op, const char* axis, Index count, const WindowOptions& o,
                           Index output_padding) {
  check(op, axis, count, o);
  if (output_padding < 0 || output_padding >= std::max(o.stride, o.dilation)) {
    throw Error(fmt::format("{}: the output padding is {} along the {}, expected at least 0 and less than the stride "
                            "{} or the dilation {}",
                            op.name, output_padding, axis, o.stride, o.dilation),
                op.place);
  }
  const Index extent = (count - 1) * o.stride - 2 * o.padding + o.dilation * (o.kernel - 1) + output_padding + 1;
  if (count < 1 || extent < 1 || extent > largest) {
    throw Error(
        fmt::format("{}: {} positions with kernel {}, stride {}, padding {}, dilation {} and output padding {} "
                    "make a {} of {}, expected 1 to {}",
                    op.name, count, o.kernel, o.stride, o.padding, o.dilation, output_padding, axis, extent, largest),
        op.place);
  }
  return {extent, o.kernel, o.stride, o.padding, o.dilation, count};
}

Index checked_product(const OpName& op, std::initializer_list<Index> extents) {
  Index product = 1;
  for (const Index e : extents) {
    if (__builtin_mul_overflow(product, e, &product)) {
      throw Error(fmt::format("{}: the product of the extents {} is above 2^63 - 1", op.name,
                              fmt::join(extents.begin(), extents.end(), " x ")),
                  op.place);
    }
  }
  return product;
}

}  // namespace gradus
