#include <gradus/autograd/engine/internal/expand.h>

#include <vector>

#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/internal/sum_axes.h>
#include <gradus/autograd/engine/record.h>
#include <gradus/autograd/foundation/parallel.h>

namespace gradus::detail {

Tensor expand(const OpName& op, const Tensor& x, const Shape& shape) {
  constexpr Index grain = Index{1} << 16;
  Tensor y = Tensor::empty(op, shape, x.dtype());
  const BroadcastReader reader(x.shape(), shape);
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    parallel_for(y.numel(), grain, [&](Index begin, Index end) { reader.read(from, begin, end - begin, to + begin); });
  });
  return record(op, std::move(y), {unread(x)},
                [to = x.shape()](const Tensor& dy) { return Grads{sum_to("sum_to", dy, to)}; });
}

Tensor sum_to(const OpName& op, const Tensor& x, const Shape& shape) {
  std::vector<bool> repeated(static_cast<std::size_t>(x.rank()));
  const Index new_axes = x.rank() - shape.rank();
  for (Index i = 0; i < x.rank(); ++i)
    repeated[static_cast<std::size_t>(i)] = i < new_axes || shape[i - new_axes] != x.shape()[i];
  Tensor y = sum_axes(op, x, repeated).alias(shape);
  return record(op, std::move(y), {unread(x)},
                [to = x.shape()](const Tensor& dy) { return Grads{expand("expand", dy, to)}; });
}

}  // namespace gradus::detail
