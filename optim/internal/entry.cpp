#include <gradus/optim/internal/entry.h>

#include <fmt/format.h>

namespace gradus::optim {

const Tensor& entry(const State& state, const std::string& name, const Shape& shape, DType dtype, const char* owner) {
  const auto found = state.find(name);
  if (found == state.end() || !found->second.defined()) {
    throw Error(
        fmt::format("{}: the state has no '{}'; it was saved by another kind, with other options, or for other "
                    "parameters",
                    owner, name));
  }
  const Tensor& t = found->second;
  if (t.shape() != shape || t.dtype() != dtype) {
    throw Error(fmt::format("{}: '{}' in the state is {} {}, expected {} {}", owner, name, gradus::name(t.dtype()),
                            to_string(t.shape()), gradus::name(dtype), to_string(shape)));
  }
  return t;
}

}  // namespace gradus::optim
