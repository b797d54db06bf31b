#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gradus/autograd/engine/observer.h>
#include <gradus/autograd/engine/tensor.h>

namespace gradus {

/// While it exists, each op that this thread records keeps the name of its innermost Region, such as the path of its
/// layer, and its named inputs that need no gradient, such as ids. `graph_to_dot` draws them. Replaces the observer of
/// the thread.
class KeepRegions {
 public:
  KeepRegions();
  ~KeepRegions();
  KeepRegions(const KeepRegions&) = delete;
  KeepRegions& operator=(const KeepRegions&) = delete;

 private:
  class Keeper;
  std::unique_ptr<Keeper> keeper_;
  ObserverScope scope_;
};

/// The graph of a result in the language of Graphviz; `dot -Tsvg` draws it. Ops are ellipses with the shape of their
/// result and the caller's place as tooltip; leaves are boxes with their name. Inputs that need no gradient, and
/// nodes that backward released, are not drawn. Throws Error when the tensor has no graph.
///
/// Ops that were recorded under KeepRegions are in nested boxes, one per part of the path of their region, with the
/// leaves whose names begin with that path. Their named inputs without a gradient are drawn too. With `depth` > 0, a
/// box of that many parts is a single node, with the count of its ops ("layers.0" counts as one part).
std::string graph_to_dot(const Tensor& result, Integer depth = 0, Place place = Place::current());

}  // namespace gradus
