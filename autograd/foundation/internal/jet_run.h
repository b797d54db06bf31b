#pragma once

#include <memory>

#include <gradus/autograd/foundation/jet.h>
#include <gradus/autograd/foundation/types.h>

namespace gradus::numeric {

/// Evaluates formulas on jets, block by block, and owns the memory of the block's jets.
class JetRun {
 public:
  explicit JetRun(DType dtype);
  ~JetRun();
  JetRun(const JetRun&) = delete;
  JetRun& operator=(const JetRun&) = delete;

  /// Begins a block of n elements. The jets of the block before become invalid.
  void begin(Index n);
  DType dtype() const { return dtype_; }
  Index count() const { return count_; }

  /// Uninitialised memory for one value per element.
  void* values();
  /// The jet of level 0 with these values.
  Jet input(const void* values);
  /// a + b ε_level. Both have lower levels.
  Jet make(int level, Jet a, Jet b);
  /// Writes y, of level 0, to `out`, one value per element.
  void write(Jet y, void* out) const;

 private:
  struct Memory;
  void* allocate(Index bytes);

  DType dtype_;
  Index count_ = 0;
  std::unique_ptr<Memory> memory_;
};

/// The coefficient of ε_1 ε_2 ... ε_order of y.
Jet coefficient(Jet y, int order);

struct Jet::Node {
  JetRun* run;
  int level;
  Jet a, b;            // of a level above 0
  const void* values;  // of level 0
};

}  // namespace gradus::numeric
