#pragma once

#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/ops/losses.h>

namespace gradus {

/// Reduces the losses of single elements. The mean divides their sum by `divisor`; it is 0 where that is 0. Throws for
/// batchmean.
Tensor reduced_loss(const OpName& op, const Tensor& losses, Reduction reduction, double divisor);
/// The same with the number of losses as divisor.
Tensor reduced_loss(const OpName& op, const Tensor& losses, Reduction reduction);

}  // namespace gradus
