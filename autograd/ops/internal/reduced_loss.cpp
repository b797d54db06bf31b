#include <gradus/autograd/ops/internal/reduced_loss.h>

#include <fmt/format.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/reduction.h>

namespace gradus {

Tensor reduced_loss(const OpName& op, const Tensor& losses, Reduction reduction, double divisor) {
  switch (reduction) {
    case Reduction::none:
      return losses;
    case Reduction::mean:
      return mul({sum(losses, {}, false, op.place), op.place}, divisor > 0 ? 1 / divisor : 0);
    case Reduction::sum:
      return sum(losses, {}, false, op.place);
    case Reduction::batchmean:
      break;
  }
  throw Error(fmt::format("{}: the reduction batchmean is that of kl_div; use none, mean or sum", op.name), op.place);
}

Tensor reduced_loss(const OpName& op, const Tensor& losses, Reduction reduction) {
  return reduced_loss(op, losses, reduction, static_cast<double>(losses.numel()));
}

}  // namespace gradus
