#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

// Derivatives from values alone: central differences, extrapolated to step 0 (Ridders 1982, "Accurate computation of
// F'(x) and F'(x)F''(x)").
namespace gradus::differences {

using Values = std::vector<double>;

/// The element of largest magnitude; 0 without elements.
double largest(const Values& v);
bool all_finite(const Values& v);

/// The line along which an input is moved: one element, or a unit vector.
struct Direction {
  Index element = -1;  // -1: `vector`
  Values vector;
  double step = 0;  // the first and largest
};

/// The derivative of one output along a direction.
struct Slope {
  double value = 0, error = 0;  // `error` is the uncertainty of the extrapolation
  double noise = 0;             // the largest effect of the rounding of the function's values on `value`
  double step = 0;              // the smallest step that `value` uses
  double low = 0, high = 0;     // one-sided slopes at the smallest step tried
  bool kink = false;            // the one-sided slopes do not approach each other
};

/// One slope per output of f, whose values at the leaf's current values are `here`. Halving of the step ends when each
/// slope is certain to 1e-5 * `relative`, or improves no more. The leaf is changed in place and restored bit for bit.
/// Returns nothing when f is not finite near the leaf's values, at any step.
std::optional<std::vector<Slope>> slopes(const std::function<Tensor()>& f, const Values& here, Tensor leaf,
                                         const Direction& d, double relative);

}  // namespace gradus::differences
