#pragma once

#include <span>
#include <string_view>

#include <gradus/autograd/engine/node.h>
#include <gradus/autograd/foundation/thread_modes.h>

namespace gradus {

/// Watches the ops and the backward runs of a thread: anomaly detection, mutation tests, profiles. An exception of an
/// observer ends the op or the run.
class Observer {
 public:
  virtual ~Observer() = default;
  /// An op computed `value` from `inputs`.
  virtual void on_value(const OpName& /*op*/, const Tensor& /*value*/, std::span<const Input> /*inputs*/) {}
  /// `node` was recorded with these inputs.
  virtual void on_record(Node& /*node*/, std::span<const Input> /*inputs*/) {}
  /// The rule of `node` is about to run.
  virtual void on_rule(const Node& /*node*/) {}
  /// The rule of `node` returned `grads` for dy. The observer may replace entries of `grads`.
  virtual void on_gradients(const Node& /*node*/, const Tensor& /*dy*/, Needs /*needs*/, Grads& /*grads*/) {}
  /// The gathered products of `weight`, dyᵀ x, were added to `sum`; `op` is the last of their ops. A weight that is the
  /// result of an op has one product at a time.
  virtual void on_product(const OpName& /*op*/, const Tensor& /*sum*/, const Node& /*weight*/, const Tensor& /*x*/,
                          const Tensor& /*dy*/) {}
  /// A gradient that the rule of `op` returned was added to the others of `to`.
  virtual void on_sum(const OpName& /*op*/, const Node& /*to*/) {}
  /// A Region of this thread began, and the last one that began ended.
  virtual void on_enter(std::string_view /*region*/) {}
  virtual void on_leave() noexcept {}
  /// Whether the ops inside rules are reported too.
  virtual bool observes_rules() const { return false; }
};

/// This thread's observer; null when there is none.
inline Observer* observer() { return thread_modes.observer; }

/// Replaces this thread's observer while it lives.
class ObserverScope {
 public:
  /// Null: no observer. The destructor restores the observer from before.
  explicit ObserverScope(Observer* observer);
  ~ObserverScope();
  ObserverScope(const ObserverScope&) = delete;
  ObserverScope& operator=(const ObserverScope&) = delete;

 private:
  Observer* before_;
};

/// A part of the work of this thread, such as the call of a layer. The ops within it belong to it in profiles and in
/// drawings of graphs.
class Region {
 public:
  /// Reports the start to the observer of this thread. The destructor reports the end.
  explicit Region(std::string_view name) : observer_(observer()) {
    if (observer_) observer_->on_enter(name);
  }
  ~Region() {
    if (observer_) observer_->on_leave();
  }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

 private:
  Observer* const observer_;
};

}  // namespace gradus
