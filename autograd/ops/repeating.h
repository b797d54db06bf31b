#pragma once

#include <vector>

#include <gradus/autograd/engine/arguments.h>

// Of any dtype.
namespace gradus {

/// counts[i] copies along axis i; the counts of new leading axes come first. Throws when there are fewer counts than
/// axes.
Tensor repeat(const Tensor& x, const Integers& counts, Place = Place::current());
/// `repeat`, where counts that are left out at the front are 1.
Tensor tile(const Tensor& x, const Integers& counts, Place = Place::current());
/// Each element of an axis `count` times in sequence. Without an axis, of the flattened x.
Tensor repeat_interleave(const Tensor& x, Integer count, const Axes& axis = {}, Place = Place::current());
/// Moves elements forward along axes, by one shift per axis; those that leave at the end come back at the start.
/// Without axes, rolls the flattened x by one shift and keeps the shape.
Tensor roll(const Tensor& x, const Integers& shifts, const Axes& axes = {}, Place = Place::current());

}  // namespace gradus
