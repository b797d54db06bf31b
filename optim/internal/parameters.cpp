#include <gradus/optim/internal/parameters.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace gradus::optim {

void check_apart(const char* owner, const std::vector<Tensor>& tensors) {
  std::vector<const Tensor*> by_place;
  for (const Tensor& t : tensors)
    if (t.numel() > 0) by_place.push_back(&t);
  std::sort(by_place.begin(), by_place.end(), [](const Tensor* a, const Tensor* b) {
    return std::pair(a->storage().get(), a->offset()) < std::pair(b->storage().get(), b->offset());
  });
  for (std::size_t i = 1; i < by_place.size(); ++i) {
    const Tensor &a = *by_place[i - 1], &b = *by_place[i];
    if (a.overlaps(b)) {
      throw Error(
          fmt::format("{}: {} and {} share memory; list a shared parameter once", owner, describe(a), describe(b)));
    }
  }
}

std::vector<std::string> checked_names(const char* owner, const std::vector<Tensor>& parameters) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const Tensor& p : parameters) {
    const std::string position = std::to_string(names.size());
    if (!p.defined()) throw Error(fmt::format("{}: parameter {} is undefined", owner, position));
    if (!is_floating(p.dtype()))
      throw Error(fmt::format("{}: {} is not a parameter; expected f32 or f64", owner, describe(p)));
    if (!p.is_leaf())
      throw Error(fmt::format("{}: {} is the result of an op; only leaves are parameters", owner, describe(p)));
    names.push_back(p.name().empty() ? position : p.name());
    if (!taken.insert(names.back()).second) {
      throw Error(fmt::format("{}: two parameters are called '{}'; list each once and give each a name of its own",
                              owner, names.back()));
    }
  }
  check_apart(owner, parameters);
  return names;
}

}  // namespace gradus::optim
