#pragma once

#include <gradus/autograd/ops/comparison.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus::nn {

/// 1 for a token and 0 for padding, in f32. i64 ids [batch, time] -> [batch, time]. To multiply by it, convert it with
/// to(mask, x.dtype()): models also run in f64.
inline Tensor padding_mask(const Tensor& ids, Index pad = 0, Place place = Place::current()) {
  return not_equal({ids, place}, pad);
}

/// The mask of `attention` that hides the padding of sources: [batch, S] -> [batch, 1, 1, S]. Undefined stays
/// undefined.
inline Tensor visible_sources(const Tensor& padding_mask, Place place = Place::current()) {
  if (!padding_mask.defined()) return {};
  if (padding_mask.rank() != 2)
    throw Error("the padding mask " + describe(padding_mask) + " must be [batch, source]", place);
  return reshape(padding_mask, {padding_mask.size(0), 1, 1, padding_mask.size(1)}, place);
}

}  // namespace gradus::nn
