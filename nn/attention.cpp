#include <gradus/nn/attention.h>

#include <fmt/format.h>

#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/ops/comparison.h>
#include <gradus/nn/masks.h>

namespace gradus::nn {

AttentionOptions options_for(const LayerCall& layer, const Tensor& queries, const KeyValues& source, Index heads,
                             AttentionOptions options) {
  const Shape& q = queries.shape();
  check_input(layer, "source.keys", source.keys, queries.dtype(), {q[0], "source", q[2]});
  const Index sources = source.keys.shape()[1];
  check_input(layer, "source.values", source.values, queries.dtype(), {q[0], sources, "dim"});
  if (source.mask.defined()) check_shape(layer, "source.mask", source.mask, {q[0], sources});

  const Shape scores{q[0], heads, q[1], sources};
  const auto check = [&](const char* what, const Tensor& x, bool right, const char* expected) {
    if (right && broadcasts_to(x.shape(), scores)) return;
    throw Error(fmt::format("{}: the {} is {}; expected {} of {}, where each extent may be 1", to_string(layer), what,
                            describe(x), expected, to_string(scores)),
                layer.place);
  };
  const Tensor &mask = options.mask, &bias = options.bias;
  if (mask.defined()) check("mask", mask, mask.rank() != 0 && mask.rank() != 3, "[S], [T, S] or [batch, heads, T, S]");
  if (bias.defined()) {
    const std::string expected =
        fmt::format("{} [S], [T, S], [heads, T, S] or [batch, heads, T, S]", name(queries.dtype()));
    check("bias", bias, bias.rank() != 0 && bias.dtype() == queries.dtype(), expected.c_str());
  }
  if (!source.mask.defined()) return options;
  const Tensor visible = visible_sources(source.mask, layer.place);
  options.mask = mask.defined() ? where(visible, mask, Tensor::zeros({}, mask.dtype()), layer.place) : visible;
  return options;
}

}  // namespace gradus::nn
