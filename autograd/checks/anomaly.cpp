#include <gradus/autograd/checks/anomaly.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <unordered_set>

#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

bool all_finite(const Tensor& x) {
  if (!is_floating(x.dtype())) return true;
  return dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr Bits exponent = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
    const T* p = x.data<T>();
    std::atomic<bool> finite{true};
    parallel_for(x.numel(), Index{1} << 16, [&](Index begin, Index end) {
      Bits found = 0;  // of integers, so that the compiler vectorises the loop
      for (Index i = begin; i < end; ++i)
        found |= (std::bit_cast<Bits>(p[i]) & exponent) == exponent ? Bits{1} : Bits{0};
      if (found) finite.store(false, std::memory_order_relaxed);
    });
    return finite.load();
  });
}

namespace {

// The inputs that a rule reads, kept for messages.
struct ReadInputs final : Node::Note {
  std::vector<Tensor> tensors;
};

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -low;  // of the finite values
  Index nans = 0, infinities = 0;
};

Range range_of(const Tensor& t) {
  Range r;
  dispatch(t.dtype(), [&](auto zero) {
    const auto* p = t.data<decltype(zero)>();
    const Index n = t.numel();
    for (Index i = 0; i < n; ++i) {
      const auto v = static_cast<double>(p[i]);
      if (std::isfinite(v)) {
        r.low = std::min(r.low, v);
        r.high = std::max(r.high, v);
      } else {
        ++(std::isnan(v) ? r.nans : r.infinities);
      }
    }
  });
  return r;
}

bool has_nan(const Tensor& t) { return range_of(t).nans > 0; }

// "'w' f32 [2, 3] from -1 to 2, with 1 NaN and 2 infinities"
std::string summary(const Tensor& t) {
  const Range r = range_of(t);
  std::string text = describe(t);
  if (r.low < r.high) text += fmt::format(" from {:.6g} to {:.6g}", r.low, r.high);
  if (r.low == r.high) text += fmt::format(" of {:.6g}", r.low);
  const char* join = r.low <= r.high ? ", with" : " of";
  if (r.nans) text += fmt::format("{} {} NaN", join, r.nans);
  if (r.infinities) text += fmt::format("{} {} infinite", r.nans ? " and" : join, r.infinities);
  return text;
}

std::string summary(const std::vector<Tensor>& inputs) {
  std::vector<std::string> parts;
  for (const Tensor& t : inputs) parts.push_back(summary(t));
  return fmt::format("{}", fmt::join(parts, "; "));
}

// The named leaves that the fewest ops separate from these nodes.
std::string nearest_parameters(std::vector<const Node*> level) {
  constexpr std::size_t most = 4;
  std::unordered_set<const Node*> seen;
  while (!level.empty()) {
    std::vector<std::string> names;
    std::vector<const Node*> above;
    for (const Node* n : level) {
      if (!n || !seen.insert(n).second) continue;
      if (n->leaf && !n->leaf->name.empty() && names.size() < most) names.push_back("'" + n->leaf->name + "'");
      for (Index i = 0; i < n->inputs.size(); ++i) above.push_back(n->inputs[i].node.get());
    }
    if (!names.empty()) return fmt::format("; nearest parameters: {}", fmt::join(names, ", "));
    level = std::move(above);
  }
  return "";
}

// One observer serves all threads: it has no state.
class AnomalyObserver final : public Observer {
 public:
  void on_value(const OpName& op, const Tensor& value, std::span<const Input> inputs) override;
  void on_record(Node& node, std::span<const Input> inputs) override;
  void on_gradients(const Node& node, const Tensor& dy, Needs needs, Grads& grads) override;
  void on_product(const OpName& op, const Tensor& sum, const Node& weight, const Tensor& x, const Tensor& dy) override;
};

void AnomalyObserver::on_value(const OpName& op, const Tensor& value, std::span<const Input> inputs) {
  if (all_finite(value)) return;
  bool given = false;
  std::vector<Tensor> tensors;
  std::vector<const Node*> nodes;
  for (const Input& in : inputs) {
    given = given || !all_finite(*in.tensor);
    tensors.push_back(*in.tensor);
    nodes.push_back(in.node);
  }
  if (given && !has_nan(value)) return;
  throw Error(fmt::format("the forward pass of '{}' {}: its result is {}; its inputs: {}{}", op.name,
                          given ? "received a NaN or infinity" : "made the first NaN or infinity", summary(value),
                          summary(tensors), nearest_parameters(nodes)),
              op.place);
}

void AnomalyObserver::on_record(Node& node, std::span<const Input> inputs) {
  auto read = std::make_unique<ReadInputs>();
  for (const Input& in : inputs) {
    if (!in.storage) continue;
    Tensor t = in.tensor->detach();
    if (!in.tensor->name().empty()) t.set_name(in.tensor->name());
    read->tensors.push_back(std::move(t));
  }
  node.note = std::move(read);
}

[[noreturn]] void refuse_gradient(const Node& from, const Tensor& g, const Node& to, const Tensor& dy) {
  std::string read;
  const auto* inputs = dynamic_cast<const ReadInputs*>(from.note.get());
  if (inputs && !inputs->tensors.empty()) read = "; the inputs it reads: " + summary(inputs->tensors);
  if (from.output)
    read += "; its result: " + summary(Tensor::of_storage(from.output, from.output_offset, from.shape, from.dtype));
  std::vector<const Node*> nodes;
  for (Index i = 0; i < from.inputs.size(); ++i) nodes.push_back(from.inputs[i].node.get());
  throw Error(
      fmt::format(
          "the backward pass of '{}' {}: its gradient for {} is {}; given the gradient {}{}{}", from.op.name,
          all_finite(dy) ? "made the first NaN or infinity" : "received a NaN or infinity in a sum of gradients",
          made_by(to), summary(g), summary(dy), read, nearest_parameters(nodes)),
      from.op.place);
}

void AnomalyObserver::on_gradients(const Node& node, const Tensor& dy, Needs needs, Grads& grads) {
  const NoGrad mode;
  const ObserverScope off(nullptr);
  for (Index i = 0; i < grads.size(); ++i) {
    // Products are checked after gathering.
    if (!needs[i] || !grads[i].defined() || (grads[i].is_product() && node.inputs[i].node->leaf)) continue;
    const Node& to = *node.inputs[i].node;
    Tensor g = grads[i].evaluate(to.shape, to.dtype);
    if (g.shape() != to.shape) g = sum_to(g, to.shape, node.op.place);
    if (!all_finite(g)) refuse_gradient(node, g, to, dy);
  }
}

void AnomalyObserver::on_product(const OpName& op, const Tensor& sum, const Node& weight, const Tensor& x,
                                 const Tensor& dy) {
  if (all_finite(sum)) return;
  throw Error(fmt::format("the backward pass of '{}' made the first NaN or infinity: its gradient for {} is {}; given "
                          "the gradient {}; its input: {}",
                          op.name, made_by(weight), summary(sum), summary(dy), summary(x)),
              op.place);
}

AnomalyObserver anomaly_observer;

}  // namespace

DetectAnomaly::DetectAnomaly(bool on) : scope_(on ? &anomaly_observer : nullptr) {}

}  // namespace gradus
