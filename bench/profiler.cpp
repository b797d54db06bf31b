#include <gradus/bench/profiler.h>

#include <chrono>
#include <memory>
#include <utility>

#include <gradus/autograd/foundation/memory.h>

namespace gradus::bench {
namespace {

struct ProfileNote final : Node::Note {
  std::string layer;
  ForwardWork work;
};

}  // namespace

Profiler::Moment Profiler::Moment::now() {
  const memory::Bytes bytes = memory::of_thread();
  return {
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(),
      static_cast<std::int64_t>(bytes.allocated), static_cast<std::int64_t>(bytes.released)};
}

// Ends a span, as a whole with what is inside it. The innermost open rule then excludes it.
void Profiler::close(Span& span, const Moment& start, const Moment& end) {
  span.start = start.time;
  span.end = end.time;
  const std::int64_t time = end.time - start.time, allocated = end.allocated - start.allocated,
                     kept = allocated - (end.released - start.released);
  span.own += time;
  span.allocated += allocated;
  span.kept += kept;
  span.in_use = memory::in_use();
  if (rules_.empty()) return;
  rules_.back().time += time;
  rules_.back().allocated += allocated;
  rules_.back().kept += kept;
}

// A span from the last one to now.
Span& Profiler::add(Span::Kind kind, const char* name, std::string layer, const Moment& end) {
  Span& span = spans_.emplace_back();
  span.kind = kind;
  span.backward = !rules_.empty() || in_backward();
  span.depth = depth_here();
  span.name = name;
  span.layer = std::move(layer);
  close(span, last_, end);
  return span;
}

std::string Profiler::layer_here() const {
  if (regions_.size() > 1) return spans_[regions_.back()].name;
  return in_backward() ? rule_layer_ : std::string();
}

const std::string& Profiler::layer_of_gradient(const Node& to) const {
  const auto found = gradient_layers_.find(&to);
  return found == gradient_layers_.end() ? rule_layer_ : found->second;
}

void Profiler::on_value(const OpName& op, const Tensor& value, std::span<const Input> inputs) {
  const Moment end = Moment::now();
  add(Span::Kind::op, op.name, layer_here(), end).work = work_of(op, value, inputs);
  last_ = Moment::now();
}

// The node of the op that `on_value` has just reported.
void Profiler::on_record(Node& node, std::span<const Input> inputs) {
  const Moment end = Moment::now();
  Span& span = spans_.back();
  const std::int64_t start = span.start;
  close(span, last_, end);
  span.start = start;
  auto note = std::make_unique<ProfileNote>();
  note->layer = span.layer;
  note->work.flops = span.work.flops;
  for (const Input& in : inputs)
    if (in.storage) note->work.read += bytes_of(*in.tensor);
  node.note = std::move(note);
  last_ = Moment::now();
}

void Profiler::on_rule(const Node& node) {
  const auto* note = dynamic_cast<const ProfileNote*>(node.note.get());
  rule_layer_ = note ? note->layer : "";
  Span& span = spans_.emplace_back();
  span.kind = Span::Kind::rule;
  span.backward = true;
  span.depth = depth_here();
  span.name = node.op.name;
  span.layer = rule_layer_;
  last_ = Moment::now();
  rules_.push_back({.span = spans_.size() - 1, .start = last_});
}

void Profiler::on_gradients(const Node& node, const Tensor& dy, Needs needs, Grads& grads) {
  const Moment end = Moment::now();
  const Open open = rules_.back();
  rules_.pop_back();
  Span& span = spans_[open.span];
  span.own = -open.time;
  span.allocated = -open.allocated;
  span.kept = -open.kept;
  close(span, open.start, end);
  rule_layer_ = span.layer;
  if (const auto* note = dynamic_cast<const ProfileNote*>(node.note.get()))
    span.work = rule_work(node, note->work, dy, needs, grads);
  for (Index i = 0; i < grads.size(); ++i)
    if (needs[i] && grads[i].defined() && !grads[i].is_tensor())
      gradient_layers_[node.inputs[i].node.get()] = span.layer;
  last_ = Moment::now();
}

void Profiler::on_product(const OpName& op, const Tensor& /*sum*/, const Node& weight, const Tensor& x,
                          const Tensor& dy) {
  const Moment end = Moment::now();
  add(Span::Kind::product, op.name, layer_of_gradient(weight), end).work = product_work(x, dy);
  last_ = Moment::now();
}

void Profiler::on_sum(const OpName& op, const Node& to) {
  const Moment end = Moment::now();
  add(Span::Kind::sum, op.name, layer_of_gradient(to), end);
  last_ = Moment::now();
}

void Profiler::on_enter(std::string_view region) {
  Span& span = spans_.emplace_back();
  span.depth = depth_here();
  span.name = span.layer = region;
  if (regions_.empty()) gradient_layers_.clear();
  regions_.push_back(spans_.size() - 1);
  last_ = Moment::now();
  span.start = last_.time;
}

void Profiler::on_leave() noexcept {
  spans_[regions_.back()].end = Moment::now().time;
  regions_.pop_back();
  last_ = Moment::now();
}

}  // namespace gradus::bench
