#include <gradus/autograd/checks/mutation.h>

#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/shape.h>
#include <gradus/autograd/ops/slicing.h>

namespace gradus::mutation {

namespace {

Tensor mutate(Kind kind, const Tensor& g, const Shape& shape) {
  switch (kind) {
    case Kind::sign:
      return neg(g);
    case Kind::factor:
      return mul(g, 0.5);
    case Kind::sum: {
      Tensor first = g;
      while (first.rank() > shape.rank()) first = select(first, 0, 0);
      for (Index axis = 0; axis < shape.rank(); ++axis)
        if (first.size(axis) != shape[axis]) first = narrow(first, axis, 0, 1);
      return first;
    }
    default:
      return g.rank() < 2 ? g : reshape(transpose(g), g.shape());
  }
}

// Whether two gradients for an input of this shape differ. Two NaN are equal.
bool differ(const Tensor& right, const Tensor& wrong, const Shape& shape) {
  const Tensor x = sum_to(right.detach(), shape), y = sum_to(wrong.detach(), shape);
  return dispatch_floating(x.dtype(), [&](auto zero) {
    const auto *a = x.data<decltype(zero)>(), *b = y.data<decltype(zero)>();
    for (Index i = 0; i < x.numel(); ++i)
      if (a[i] != b[i] && (a[i] == a[i] || b[i] == b[i])) return true;
    return false;
  });
}

}  // namespace

class Scope::Mutator final : public Observer {
 public:
  explicit Mutator(std::optional<Mutant> mutant) : mutant_(std::move(mutant)) {}

  void on_gradients(const Node& node, const Tensor& /*dy*/, Needs needs, Grads& grads) override {
    for (Index i = 0; i < grads.size(); ++i) {
      if (!needs[i] || !grads[i].defined()) continue;
      visited.emplace(node.op.name, i);
      if (!mutant_ || mutant_->op != node.op.name || mutant_->input != i) continue;
      const Shape& shape = node.inputs[i].node->shape;
      const Tensor right = grads[i].evaluate(shape, node.inputs[i].node->dtype);
      if (right.numel() == 0) continue;
      const Tensor wrong = mutate(mutant_->kind, right, shape);
      changed = changed || differ(right, wrong, shape);
      grads[i] = wrong;
    }
  }
  bool observes_rules() const override { return true; }

  bool changed = false;
  std::set<std::pair<std::string, Index>> visited;

 private:
  const std::optional<Mutant> mutant_;
};

Scope::Scope(std::optional<Mutant> mutant)
    : mutator_(std::make_unique<Mutator>(std::move(mutant))), observer_(mutator_.get()) {}
Scope::~Scope() = default;

bool Scope::changed() const { return mutator_->changed; }
const std::set<std::pair<std::string, Index>>& Scope::visited() const { return mutator_->visited; }

}  // namespace gradus::mutation
