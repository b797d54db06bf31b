#pragma once

#include <gradus/autograd/engine/arguments.h>

// Of any dtype. Diagonal k is above the main one for k > 0, and below it for k < 0.
namespace gradus {

/// x [..., rows, columns] with zeros above a diagonal.
Tensor tril(const Tensor& x, Integer diagonal = 0, Place = Place::current());
/// x [..., rows, columns] with zeros below a diagonal.
Tensor triu(const Tensor& x, Integer diagonal = 0, Place = Place::current());
/// A diagonal of two axes, as a new last axis.
Tensor diagonal(const Tensor& x, Integer offset = 0, Integer axis1 = 0, Integer axis2 = 1, Place = Place::current());
/// The sum of the main diagonal of x [rows, columns].
Tensor trace(const Argument& x);

}  // namespace gradus
