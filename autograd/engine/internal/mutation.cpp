#ifdef GRADUS_MUTATE

#include <gradus/autograd/engine/internal/mutation.h>

#include <gradus/autograd/ops.h>

namespace gradus::mutation {

namespace {

std::optional<Mutant> seeded;
bool has_changed = false;
std::set<std::pair<std::string, Index>> met;

Tensor mutate(const Tensor& g, const Shape& shape) {
  switch (seeded->kind) {
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

}  // namespace

void seed(const std::optional<Mutant>& mutant) {
  seeded = mutant;
  has_changed = false;
}

bool changed() { return has_changed; }

std::set<std::pair<std::string, Index>> visited() { return std::exchange(met, {}); }

bool meets(const std::string& op, Index input) {
  met.emplace(op, input);
  return seeded && seeded->op == op && seeded->input == input;
}

Tensor wrong(const Tensor& g, const Shape& shape) {
  if (g.numel() == 0) return g;
  const Tensor bad = mutate(g, shape);
  const Tensor due = sum_to(g.detach(), shape), got = sum_to(bad.detach(), shape);
  dispatch_floating(g.dtype(), [&](auto zero) {
    const auto *a = due.data<decltype(zero)>(), *b = got.data<decltype(zero)>();
    for (Index i = 0; i < due.numel(); ++i)
      has_changed = has_changed || (a[i] != b[i] && (a[i] == a[i] || b[i] == b[i]));
  });
  return bad;
}

}  // namespace gradus::mutation

#endif
