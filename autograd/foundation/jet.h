#pragma once

#include <gradus/autograd/foundation/numbers.h>

// Numbers for derivatives of any order. Dual numbers nested k deep hold derivatives of order k; a Jet is such a number
// whose depth is known at run time, so a formula is compiled for jets once.
namespace gradus::numeric {

/// A constant, or a block of values with their derivatives. A jet of level 0 holds the values. A jet of level k is
/// a + b ε_k, where ε_k² = 0 and a and b have lower levels. A comparison has one result per element.
class Jet {
 public:
  using Value = Jet;  // what value_of returns
  struct Node;

  Jet() = default;
  /// A constant, equal for all elements and without derivatives.
  Jet(double constant) : constant_(constant) {}
  /// A block, of a run that owns the node (foundation/internal/jet_run.h).
  static Jet of(const Node* node) {
    Jet j;
    j.node_ = node;
    return j;
  }

  bool is_constant() const { return !node_; }    // whether this is a constant, and not a block
  double constant() const { return constant_; }  // only if is_constant()
  const Node* node() const { return node_; }     // null for a constant

 private:
  double constant_ = 0;
  const Node* node_ = nullptr;
};

/// The result of a comparison: 1 where it holds, else 0.
struct JetMask {
  Jet holds;  // 1 or 0 per element, without derivatives
  /// Equal for all elements, or 1 or 0 per element.
  JetMask(bool all) : holds(all ? 1 : 0) {}
  explicit JetMask(Jet h) : holds(h) {}
};

/// The same functions as of Dual (numbers.h), with derivatives of any order.
Jet operator+(Jet x, Jet y);
Jet operator-(Jet x, Jet y);
Jet operator*(Jet x, Jet y);
Jet operator/(Jet x, Jet y);
Jet operator-(Jet x);
Jet value_of(Jet x);
Jet constant_of(Jet x);
Jet pow(Jet x, Jet y);
Jet max(Jet x, Jet y);
Jet min(Jet x, Jet y);
Jet abs(Jet x);
/// The function F of numbers.h at a jet: `apply<Exp>(x)` is exp(x).
template <class F>
Jet apply(Jet x);

/// Per element, by the values.
JetMask operator<(Jet x, Jet y);
JetMask operator>(Jet x, Jet y);
JetMask operator<=(Jet x, Jet y);
JetMask operator>=(Jet x, Jet y);
JetMask operator==(Jet x, Jet y);
JetMask operator!=(Jet x, Jet y);
JetMask operator&&(JetMask a, JetMask b);
JetMask operator||(JetMask a, JetMask b);
JetMask operator!(JetMask a);
/// x where the condition holds, else y.
Jet where(JetMask condition, Jet x, Jet y);

}  // namespace gradus::numeric
