#pragma once

#include <utility>

#include <gradus/autograd/ops/indexing.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus::nn {

/// Vectors x [..., dim]: one tensor, or the rows of a table [rows, dim] at ids [...]. A function of each vector alone
/// may be computed once per row: W x_i + b = (table Wᵀ + b)[id_i]. The bits are the same; those of products so large
/// that OpenBLAS computes them are the same under RowInvariant.
class WordVectors {
 public:
  /// Converts from a tensor implicitly.
  WordVectors(Tensor x) : rows_(std::move(x)) {}
  /// The rows of a table at i64 ids in [0, rows). They are looked up at once unless there are more ids than rows.
  WordVectors(const Tensor& table, const Tensor& ids, Place place)
      : rows_(ids.numel() > table.shape()[0] ? table : embedding(table, ids, {}, place)),
        ids_(ids.numel() > table.shape()[0] ? ids : Tensor()),
        place_(place) {}

  /// x [..., dim]
  operator Tensor() const { return looked_up(rows_); }

  /// f(x), where f maps [..., dim] to [..., out] and each result depends on its own vector alone, as a projection does.
  template <class Function>
  Tensor map(const Function& f) const {
    return looked_up(f(rows_));
  }

  /// x with its first two axes exchanged.
  WordVectors transposed() const {
    if (ids_.defined()) return {rows_, transpose(ids_, 0, 1), place_};
    return transpose(rows_, 0, 1);
  }

  /// The extent of an axis of x but the last, from the front.
  Index size(Index axis) const { return (ids_.defined() ? ids_ : rows_).size(axis); }
  /// x itself, or the table.
  const Tensor& rows() const { return rows_; }
  /// [...], undefined without a table.
  const Tensor& ids() const { return ids_; }

 private:
  Tensor looked_up(const Tensor& rows) const { return ids_.defined() ? embedding(rows, ids_, {}, place_) : rows; }

  Tensor rows_, ids_;
  Place place_ = Place::current();
};

}  // namespace gradus::nn
