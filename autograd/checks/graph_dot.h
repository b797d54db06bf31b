#pragma once

#include <string>

#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// The graph under a result in the language of Graphviz: `dot -Tsvg` draws it. Ops are ellipses with the shape of their
/// result, leaves are boxes with their name; each names the place that called it as its tooltip. Inputs that need no
/// gradient are no part of the graph. Throws when the tensor has no graph; a graph that backward released is cut there.
std::string graph_to_dot(const Tensor& result, Place place = Place::current());

}  // namespace gradus
