#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>

#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/engine/node.h>

namespace gradus {

namespace detail {

/// Reports the value to this thread's observer. Returns whether the op must be recorded.
bool begin_record(const OpName& op, const Tensor& value, std::span<const Input> inputs);
/// Puts the node between the inputs and the value.
Tensor finish_record(Ref<Node> node, Tensor value, std::span<const Input> inputs);

template <class Rule>
class RuleNode final : public Node {
  static constexpr bool takes_y_needs = std::is_invocable_v<Rule, const Tensor&, const Tensor&, Needs>;
  static constexpr bool takes_y = std::is_invocable_v<Rule, const Tensor&, const Tensor&>;
  static constexpr bool takes_needs = std::is_invocable_v<Rule, const Tensor&, Needs>;
  static_assert(takes_y_needs || takes_y || takes_needs || std::is_invocable_v<Rule, const Tensor&>,
                "a rule is callable as (dy), (dy, y), (dy, needs) or (dy, y, needs) and returns Grads");

 public:
  RuleNode(OpName name, const Tensor& value, Rule rule) : Node(name, value), rule_(std::move(rule)) {}
  Grads apply(const Tensor& dy, const Tensor& y, Needs needs) override {
    if constexpr (takes_y_needs) {
      return (*rule_)(dy, y, needs);
    } else if constexpr (takes_y) {
      return (*rule_)(dy, y);
    } else if constexpr (takes_needs) {
      return (*rule_)(dy, needs);
    } else {
      return (*rule_)(dy);
    }
  }
  bool keeps_output() const override { return takes_y_needs || takes_y; }
  void drop_rule() override { rule_.reset(); }

 private:
  std::optional<Rule> rule_;
};

}  // namespace detail

/// Returns the value of an op without a gradient. `checkpoint` watches the inputs that it was computed from.
Tensor without_gradient(const OpName& op, Tensor value, std::initializer_list<Input> inputs);

/// Puts a freshly computed value into the graph and returns it. The rule is callable as (dy), (dy, y), (dy, needs) or
/// (dy, y, needs), with dy the gradient of the value y, and returns one gradient per input.
/// - A rule is written in ordinary ops, so that it can itself be differentiated.
/// - A rule captures the inputs that it reads, and never its own output: the engine passes it as y.
/// - Every tensor that a rule captures is one of the inputs, ids and masks too, or was made by the op. Overwriting an
///   input before backward is an error then, unless it was passed as `unread`.
/// - The gradient of an input without one is undefined.
/// - Nothing is recorded when no input needs a gradient, or under NoGrad.
template <class Rule>
Tensor record(const OpName& op, Tensor value, std::span<const Input> inputs, Rule rule) {
  if (!detail::begin_record(op, value, inputs)) return value;
  auto node = Ref<Node>::adopt(new detail::RuleNode<Rule>(op, value, std::move(rule)));
  return detail::finish_record(std::move(node), std::move(value), inputs);
}
template <class Rule>
Tensor record(const OpName& op, Tensor value, std::initializer_list<Input> inputs, Rule rule) {
  return record(op, std::move(value), std::span<const Input>(inputs.begin(), inputs.size()), std::move(rule));
}

}  // namespace gradus
