#include <gradus/autograd/checks/internal/gradient_function.h>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

LeafFunction gradient_function(const LeafFunction& f, const Tensor& seed) {
  std::vector<Tensor> leaves = f.leaves;
  leaves.push_back(seed);
  const auto row = [f, seed] {
    const GradMode recording(true);
    const std::vector<Tensor> found =
        grad({f.value()}, f.leaves, {.seeds = {seed}, .create_graph = true, .allow_unused = true});
    std::vector<Tensor> parts;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const Index n = f.leaves[i].numel();
      parts.push_back(found[i].defined() ? reshape(found[i], {n}) : Tensor::zeros({n}, DType::f64));
    }
    return concat(parts, 0);
  };
  return {row, leaves};
}

std::vector<double> gradient_values(const LeafFunction& f, const Tensor& seed) {
  Gradients gradients;
  backward(f.value(), {.seed = seed.detach(), .into = &gradients});
  std::vector<double> row;
  for (const Tensor& leaf : f.leaves) {
    const Tensor g = gradients.of(leaf);
    const auto part = g.defined() ? g.to_vector<double>() : std::vector<double>(static_cast<std::size_t>(leaf.numel()));
    row.insert(row.end(), part.begin(), part.end());
  }
  return row;
}

}  // namespace gradus
