#pragma once

#include <string>

#include <gradus/autograd/ops/indexing.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/parameters.h>

namespace gradus::nn {

/// A vector for each id. i64 ids [...] -> [..., dim]. Throws for an id outside [0, rows).
struct Embedding {
  Tensor weight;     // [rows, dim]
  std::string path;  // of the scope, for messages

  /// Rows are drawn from N(0, std²). PyTorch's std is 1. A table that is also the output layer (tied) needs
  /// 1 / sqrt(dim), so that initial logits are near unit size. Its model scales the inputs by sqrt(dim) (Vaswani et al.
  /// 2017, 3.4).
  Embedding(Scope scope, Index rows, Index dim, double std = 1)
      : weight(scope.normal("weight", {rows, dim}, std)), path(scope.path()) {}

  Tensor operator()(const Tensor& ids, Place place = Place::current()) const {
    check_ids({"Embedding", path, place}, ids, weight.shape()[0]);
    return embedding(weight, ids, place);
  }
};

}  // namespace gradus::nn
