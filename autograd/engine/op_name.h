#pragma once

#include <gradus/autograd/foundation/place.h>

namespace gradus {

/// The name of an op and the place of its call. Written as a string literal; the place comes along.
struct OpName {
  const char* name;  // a string that outlives all graphs, such as a literal
  Place place;       // of the call
  /// From a string literal, with the caller's place.
  OpName(const char* n, Place p = Place::current()) : name(n), place(p) {}
};

}  // namespace gradus
