#include <gradus/autograd/engine/internal/anomaly.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include <gradus/autograd/engine/internal/accumulate.h>

namespace gradus {

namespace {

thread_local bool detecting = false;

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -low;  // of the finite values
  Index nans = 0, infinities = 0;
};

Range range_of(const Tensor& t) {
  Range r;
  dispatch(t.dtype(), [&](auto zero) {
    const auto* p = t.data<decltype(zero)>();
    for (Index i = 0; i < t.numel(); ++i) {
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
std::string say(const Tensor& t) {
  const Range r = range_of(t);
  std::string text = describe(t);
  if (r.low < r.high) text += fmt::format(" from {:.6g} to {:.6g}", r.low, r.high);
  if (r.low == r.high) text += fmt::format(" of {:.6g}", r.low);
  const char* join = r.low <= r.high ? ", with" : " of";
  if (r.nans) text += fmt::format("{} {} NaN", join, r.nans);
  if (r.infinities) text += fmt::format("{} {} infinite", r.nans ? " and" : join, r.infinities);
  return text;
}

std::string say(const std::vector<Tensor>& inputs) {
  std::vector<std::string> parts;
  for (const Tensor& t : inputs) parts.push_back(say(t));
  return fmt::format("{}", fmt::join(parts, "; "));
}

// The named leaves that are fewest ops away from these nodes, upwards: what the op worked for.
std::string served(std::vector<const Node*> level) {
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

}  // namespace

DetectAnomaly::DetectAnomaly(bool on) : before_(detecting) { detecting = on; }
DetectAnomaly::~DetectAnomaly() { detecting = before_; }
bool detail::anomaly_enabled() { return detecting; }

void detail::check_forward(const OpName& op, const Tensor& value, std::span<const Input> inputs) {
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
                          given ? "met a NaN or infinity that it was given" : "made the first NaN or infinity",
                          say(value), say(tensors), served(nodes)),
              op.place);
}

std::unique_ptr<std::vector<Tensor>> anomaly::read_inputs(std::span<const Input> inputs) {
  auto read = std::make_unique<std::vector<Tensor>>();
  for (const Input& in : inputs)
    if (in.storage) {
      Tensor t = in.tensor->detach();
      if (!in.tensor->name().empty()) t.set_name(in.tensor->name());
      read->push_back(std::move(t));
    }
  return read;
}

void anomaly::check_backward(const Node& from, const Tensor& g, const Node& to, const Tensor& dy) {
  if (all_finite(g)) return;
  std::string read;
  if (from.read && !from.read->empty()) read = "; the inputs it reads: " + say(*from.read);
  if (from.output)
    read += "; its result: " + say(Tensor::of_storage(from.output, from.output_offset, from.shape, from.dtype));
  std::vector<const Node*> nodes;
  for (Index i = 0; i < from.inputs.size(); ++i) nodes.push_back(from.inputs[i].node.get());
  throw Error(
      fmt::format("the backward pass of '{}' {}: its gradient for {} is {}; given the gradient {}{}{}", from.op.name,
                  all_finite(dy) ? "made the first NaN or infinity"
                                 : "met a NaN or infinity in the gradients that were added up for it",
                  made_by(to), say(g), say(dy), read, served(nodes)),
      from.op.place);
}

void anomaly::check_product(const OpName& from, const Tensor& sum, const Node& weight, const Tensor& x,
                            const Tensor& dy) {
  if (all_finite(sum)) return;
  throw Error(fmt::format("the backward pass of '{}' made the first NaN or infinity: its gradient for {} is {}; given "
                          "the gradient {}; its input: {}",
                          from.name, made_by(weight), say(sum), say(dy), say(x)),
              from.place);
}

}  // namespace gradus
