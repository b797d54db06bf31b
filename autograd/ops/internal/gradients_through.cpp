#include <gradus/autograd/ops/internal/gradients_through.h>

#include <gradus/autograd/ops.h>

namespace gradus {

Grads gradients_through(const std::function<Tensor(const std::vector<Tensor>&)>& plain,
                        const std::vector<Tensor>& inputs, const Tensor& dy, Needs needs) {
  std::vector<Tensor> views, wanted;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& t = inputs[i];
    // A view has a node of its own, so that no input lies on the way to another.
    views.push_back(t.defined() && t.requires_grad() ? reshape(t, t.shape()) : t);
    if (t.defined() && t.requires_grad() && needs[static_cast<Index>(i)]) wanted.push_back(views.back());
  }
  const std::vector<Tensor> found =
      grad({plain(views)}, wanted, {.seeds = {dy}, .create_graph = true, .allow_unused = true});
  Grads grads;
  std::size_t next = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool given = inputs[i].defined() && inputs[i].requires_grad() && needs[static_cast<Index>(i)];
    grads.push_back(given ? Gradient(found[next++]) : Gradient());
  }
  return grads;
}

}  // namespace gradus
