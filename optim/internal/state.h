#pragma once

#include <fmt/format.h>

#include <map>
#include <string>

#include <gradus/autograd/engine/tensor.h>

namespace gradus::optim {

/// What has to be kept with a run so that it can go on with the same bits: tensors by name.
using State = std::map<std::string, Tensor>;

/// The tensor of that name; throws when it is missing, or is not of the shape and dtype. `owner` stands in the message.
inline const Tensor& entry(const State& state, const std::string& name, const Shape& shape, DType dtype,
                           const char* owner) {
  const auto found = state.find(name);
  if (found == state.end() || !found->second.defined())
    throw Error(
        fmt::format("{}: the state has no '{}'; it was saved by another kind, with other options, or for other "
                    "parameters",
                    owner, name));
  const Tensor& t = found->second;
  if (t.shape() != shape || t.dtype() != dtype)
    throw Error(fmt::format("{}: '{}' in the state is {} {}, expected {} {}", owner, name, gradus::name(t.dtype()),
                            to_string(t.shape()), gradus::name(dtype), to_string(shape)));
  return t;
}

}  // namespace gradus::optim
