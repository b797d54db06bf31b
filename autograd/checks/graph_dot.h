#pragma once

#include <string>

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// The graph of a result in the language of Graphviz; `dot -Tsvg` draws it. Ops are ellipses with the shape of their
/// result and the caller's place as tooltip; leaves are boxes with their name. Inputs that need no gradient, and
/// nodes that backward released, are not drawn. Throws Error when the tensor has no graph.
std::string graph_to_dot(const Tensor& result, Place place = Place::current());

}  // namespace gradus
