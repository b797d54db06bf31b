#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include <gradus/autograd/ops/indexing.h>
#include <gradus/nn/layer.h>
#include <gradus/nn/parameters.h>
#include <gradus/nn/word_vectors.h>

namespace gradus::nn {

/// A vector for each id. i64 ids [...] -> [..., dim]. Throws for an id outside [0, rows).
struct Embedding {
  Tensor weight;                       // [rows, dim]
  std::optional<Integer> padding_idx;  // a row that gets no gradient
  std::string path;                    // of the scope, for messages

  /// Rows are drawn from N(0, std²). PyTorch's std is 1. A table that is also the output layer (tied) needs
  /// 1 / sqrt(dim), so that initial logits are near unit size. Its model scales the inputs by sqrt(dim) (Vaswani et al.
  /// 2017, 3.4). The row padding_idx, from the end if negative, begins as zeros. Throws when there is no such row.
  Embedding(Scope scope, Index rows, Index dim, double std = 1, std::optional<Integer> padding = std::nullopt)
      : weight(scope.normal("weight", {rows, dim}, std)), padding_idx(padding), path(scope.path()) {
    if (!padding) return;
    const Index given = *padding, row = given < 0 ? given + rows : given;
    if (row < 0 || row >= rows) {
      throw Error(to_string(LayerCall{"Embedding", path, {}}) + ": padding_idx " + std::to_string(given) +
                  " is not a row of the table, which has " + std::to_string(rows));
    }
    dispatch_floating(weight.dtype(),
                      [&](auto zero) { std::fill_n(weight.mutable_data<decltype(zero)>() + row * dim, dim, zero); });
  }

  /// ids [...] -> [..., dim]
  Tensor operator()(const Tensor& ids, Place place = Place::current()) const {
    const LayerCall layer{"Embedding", path, place};
    check_ids(layer, ids, weight.shape()[0]);
    return embedding(weight, ids, padding_idx, place);
  }

  /// The same vectors, for a layer that projects them. With padding_idx they are one tensor.
  WordVectors words(const Tensor& ids, Place place = Place::current()) const {
    if (padding_idx) return (*this)(ids, place);
    check_ids(LayerCall{"Embedding", path, place}, ids, weight.shape()[0]);
    return {weight, ids, place};
  }
};

}  // namespace gradus::nn
