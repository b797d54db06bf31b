#pragma once

#include <span>

#include <gradus/autograd/engine/node.h>

namespace gradus {

/// Watches the ops and the backward runs of a thread: anomaly detection, mutation tests. An exception of an observer
/// ends the op or the run.
class Observer {
 public:
  virtual ~Observer() = default;
  /// An op computed `value` from `inputs`.
  virtual void on_value(const OpName& /*op*/, const Tensor& /*value*/, std::span<const Input> /*inputs*/) {}
  /// `node` was recorded with these inputs.
  virtual void on_record(Node& /*node*/, std::span<const Input> /*inputs*/) {}
  /// The rule of `node` returned `grads` for dy. The observer may replace entries of `grads`.
  virtual void on_gradients(const Node& /*node*/, const Tensor& /*dy*/, Needs /*needs*/, Grads& /*grads*/) {}
  /// The gathered products of `weight`, dyᵀ x, were added to `sum`; `op` is the last of their ops.
  virtual void on_product(const OpName& /*op*/, const Tensor& /*sum*/, const Node& /*weight*/, const Tensor& /*x*/,
                          const Tensor& /*dy*/) {}
  /// Whether the ops inside rules are reported too.
  virtual bool observes_rules() const { return false; }
};

/// This thread's observer; null when there is none.
Observer* observer();

/// Replaces this thread's observer while it lives.
class ObserverScope {
 public:
  explicit ObserverScope(Observer* observer);
  ~ObserverScope();
  ObserverScope(const ObserverScope&) = delete;
  ObserverScope& operator=(const ObserverScope&) = delete;

 private:
  Observer* before_;
};

}  // namespace gradus
