#include <gradus/nn/layer.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include <gradus/nn/parameters.h>

namespace gradus::nn {

namespace {

bool is_dots(const ExpectedAxis& axis) { return axis.name() && std::string_view(axis.name()) == "..."; }

bool fits(const Shape& shape, ExpectedAxes axes) {
  const ExpectedAxis *first = axes.begin(), *end = axes.end();
  const bool dots_first = first != end && is_dots(*first);
  if (dots_first) ++first;
  const bool dots_last = first != end && is_dots(*(end - 1));
  if (dots_last) --end;
  const Index named = end - first;
  if (dots_first || dots_last ? shape.rank() < named : shape.rank() != named) return false;
  for (Index axis = dots_first ? shape.rank() - named : 0; first != end; ++first, ++axis)
    if (!first->name() && shape[axis] != first->size()) return false;
  return true;
}

[[noreturn]] void refuse(const LayerCall& layer, const char* what, const Tensor& x, std::string_view dtype,
                         ExpectedAxes axes) {
  std::string expected;
  for (const ExpectedAxis& axis : axes) {
    if (!expected.empty()) expected += ", ";
    expected += axis.name() ? axis.name() : std::to_string(axis.size());
  }
  throw Error(fmt::format("{}: {} is {}; expected {}[{}]", to_string(layer), what, describe(x), dtype, expected),
              layer.place);
}

}  // namespace

std::string to_string(const LayerCall& layer) {
  return layer.path.empty() ? layer.type : fmt::format("{} '{}'", layer.type, layer.path);
}

void check_shape(const LayerCall& layer, const char* what, const Tensor& x, ExpectedAxes axes) {
  if (!x.defined() || !fits(x.shape(), axes)) refuse(layer, what, x, "", axes);
}

void check_input(const LayerCall& layer, const char* what, const Tensor& x, DType dtype, ExpectedAxes axes) {
  if (!x.defined() || x.dtype() != dtype || !fits(x.shape(), axes))
    refuse(layer, what, x, std::string(name(dtype)) + " ", axes);
}

void check_ids(const LayerCall& layer, const Tensor& ids, Index bound) {
  check_input(layer, "ids", ids, DType::i64, {"..."});
  const Index *id = ids.data<Index>(), n = ids.numel();
  for (Index i = 0; i < n; ++i) {
    if (id[i] < 0 || id[i] >= bound) {
      throw Error(fmt::format("{}: id {} at position {} is outside [0, {})", to_string(layer), id[i], i, bound),
                  layer.place);
    }
  }
}

void check_layers(const std::string& path, Index layers) {
  constexpr Index most = 1000;
  if (layers < 1 || layers > most) throw Error(fmt::format("'{}' has {} layers; expected 1 to {}", path, layers, most));
}

const Scope& check_option(const Scope& scope, const char* option, double value, double most) {
  if (value >= 0 && value <= most) return scope;
  const std::string expected = std::isinf(most) ? "at least 0" : fmt::format("a number from 0 to {}", most);
  throw Error(fmt::format("'{}' has the {} {}; expected {}", scope.path(), option, value, expected));
}

void check_start(const char* what, Index start, Index count, const Place& place) {
  if (start >= 0 && start <= std::numeric_limits<Index>::max() - std::max(count, Index{0})) return;
  throw Error(fmt::format("{}: start is {} for {} positions; expected at least 0, and no position above 2^63 - 2", what,
                          start, count),
              place);
}

}  // namespace gradus::nn
