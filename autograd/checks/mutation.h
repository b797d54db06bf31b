#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <gradus/autograd/engine/observer.h>

// Deliberately wrong rules, to test whether gradient checks find them.
namespace gradus::mutation {

/// What a wrong rule returns.
enum class Kind {
  sign,        // the gradient negated
  factor,      // half the gradient: a missing factor
  sum,         // the first entry of each broadcast axis instead of its sum
  transposed,  // the last two axes exchanged, in the expected shape
};

/// A wrong rule.
struct Mutant {
  std::string op;          // name of the op
  Index input = 0;         // the input whose gradient is wrong
  Kind kind = Kind::sign;  // how it is wrong
};

/// While it exists, the gradient of the mutant's op for the mutant's input is wrong on this thread. Without a mutant
/// all gradients are right. Records which gradients were computed.
class Scope {
 public:
  /// Replaces the observer of the thread.
  explicit Scope(std::optional<Mutant> mutant);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// Whether the mutant changed a value.
  bool changed() const;
  /// The ops and inputs whose gradients were computed.
  const std::set<std::pair<std::string, Index>>& visited() const;

 private:
  class Mutator;
  std::unique_ptr<Mutator> mutator_;
  ObserverScope observer_;
};

}  // namespace gradus::mutation
