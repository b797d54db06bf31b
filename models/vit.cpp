#include <gradus/models/vit.h>

#include <fmt/format.h>

#include <limits>

#include <gradus/autograd/foundation/sizes.h>
#include <gradus/autograd/ops/convolution.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>

namespace gradus::models {
namespace {

const VitOptions& checked(const VitOptions& o) {
  check(o);
  return o;
}

/// Positions of the encoder: the patches and the extra token.
Index length(const VitOptions& o) {
  return add_sat(mul_sat(o.height / o.patch, o.width / o.patch), o.pooling == Pooling::cls ? 1 : 0);
}

/// Numbers of a patch.
Index patch_numbers(const VitOptions& o) { return mul_sat(o.channels, mul_sat(o.patch, o.patch)); }

}  // namespace

void check(const VitOptions& o) {
  auto at_least = [](Index low, const char* option, Index value) {
    if (value < low) throw Error(fmt::format("vit option {} is {}; it must be at least {}", option, value, low));
  };
  at_least(1, "channels", o.channels);
  at_least(1, "height", o.height);
  at_least(1, "width", o.width);
  at_least(1, "patch", o.patch);
  at_least(1, "classes", o.classes);
  at_least(1, "dim", o.dim);
  at_least(1, "layers", o.layers);
  at_least(1, "heads", o.heads);
  at_least(0, "ffn", o.ffn);
  if (!(o.dropout >= 0 && o.dropout < 1))
    throw Error(fmt::format("vit option dropout is {}; it must be at least 0 and less than 1", o.dropout));
  if (o.height % o.patch != 0 || o.width % o.patch != 0) {
    throw Error(
        fmt::format("vit option patch is {}, which does not divide an image of {} x {}", o.patch, o.height, o.width));
  }
  constexpr Index most = std::numeric_limits<Index>::max();
  if (length(o) == most || patch_numbers(o) == most) {
    throw Error(fmt::format("vit options give images [{}, {}, {}] in patches of {} x {}, more than a tensor holds",
                            o.channels, o.height, o.width, o.patch, o.patch));
  }
  if (o.dim % o.heads != 0)
    throw Error(fmt::format("vit option heads is {}, which does not divide dim, {}", o.heads, o.dim));
}

Vit::Vit(nn::Scope scope, const VitOptions& o)
    : options(checked(o)),
      patches(scope / "patches", patch_numbers(o), o.dim),
      cls(o.pooling == Pooling::cls ? scope.normal("cls", {1, 1, o.dim}, 0.02) : Tensor()),
      positions(scope / "positions", length(o), o.dim),
      dropout{o.dropout},
      encoder(scope / "encoder",
              {.dim = o.dim,
               .heads = o.heads,
               .ffn = o.ffn,
               .dropout = o.dropout,
               .norm = o.norm,
               .activation = nn::Activation::gelu},
              o.layers),
      head(scope / "head", o.dim, o.classes) {}

// The words of the encoder, [batch, S, dim].
Tensor Vit::embedded(const Tensor& images, Place place) const {
  if (images.rank() != 4 || images.size(1) != options.channels || images.size(2) != options.height ||
      images.size(3) != options.width) {
    throw Error(fmt::format("vit: images are {}; expected [batch, {}, {}, {}]", describe(images), options.channels,
                            options.height, options.width),
                place);
  }
  Tensor x = patches(unfold(images, options.patch, options.patch, options.patch, 0), place);  // [batch, patches, dim]
  if (cls.defined()) x = concat({expand(cls, {x.size(0), 1, options.dim}), x}, 1);  // [batch, 1 + patches, dim]
  return dropout(positions(x, 0, place), place);
}

Tensor Vit::operator()(const Tensor& images, Place place) const {
  const Tensor x = encoder(embedded(images, place), {}, {}, place);
  return head(cls.defined() ? select(x, 1, 0) : mean(x, {1}), place);
}

std::vector<Tensor> Vit::attention_weights(const Tensor& images, Place place) const {
  return encoder.attention_weights(embedded(images, place), {}, {}, place);
}

}  // namespace gradus::models
