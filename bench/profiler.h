#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <gradus/autograd/engine/observer.h>
#include <gradus/bench/op_work.h>

namespace gradus::bench {

/// A stretch of time on one thread: a region, an op, a rule in backward, or the engine's own arithmetic for one, which
/// is the gathered products of a weight and the sums of gradients.
struct Span {
  enum class Kind { region, op, rule, product, sum };
  Kind kind = Kind::region;
  bool backward = false;
  int depth = 0;  // number of spans around it
  std::string name;
  std::string layer;                // the path of its layer; "" outside of all layers. A region: its path
  std::int64_t start = 0, end = 0;  // nanoseconds of the steady clock
  std::int64_t own = 0;             // its time without ops and rules inside it
  Work work;
  std::int64_t allocated = 0;  // bytes that the thread allocated meanwhile, without those of ops and rules inside
  std::int64_t kept = 0;       // the same, minus the bytes that it released
  std::size_t in_use = 0;      // bytes in use by all threads at the end
};

/// Records what one thread does, as spans in the order of their starts.
///
/// - An op has no mark where it begins. Its time begins where the span before it ended, or where its region began; the
///   few instructions of a layer between two ops belong to the second one.
/// - The layer of an op is the innermost region around it, but not the outermost region of all, such as "forward". The
///   layer of a rule, and of the products and sums of its gradients, is that of its op.
/// - The profiler's own time is outside of all ops.
class Profiler final : public Observer {
 public:
  const std::vector<Span>& spans() const { return spans_; }
  /// Drops the spans. No region may be open.
  void clear() { spans_.clear(); }

  void on_value(const OpName& op, const Tensor& value, std::span<const Input> inputs) override;
  void on_record(Node& node, std::span<const Input> inputs) override;
  void on_rule(const Node& node) override;
  void on_gradients(const Node& node, const Tensor& dy, Needs needs, Grads& grads) override;
  void on_product(const OpName& op, const Tensor& sum, const Node& weight, const Tensor& x, const Tensor& dy) override;
  void on_sum(const OpName& op, const Node& to) override;
  void on_enter(std::string_view region) override;
  void on_leave() noexcept override;

 private:
  // The clock and the bytes of the thread at a moment.
  struct Moment {
    std::int64_t time = 0, allocated = 0, released = 0;
    static Moment now();
  };
  struct Open {
    std::size_t span;
    Moment start;
    std::int64_t time = 0, allocated = 0, kept = 0;  // of the spans inside
  };

  Span& add(Span::Kind kind, const char* name, std::string layer, const Moment& end);
  void close(Span& span, const Moment& start, const Moment& end);
  int depth_here() const { return static_cast<int>(regions_.size() + rules_.size()); }
  bool in_backward() const { return !regions_.empty() && spans_[regions_.front()].name == "backward"; }
  std::string layer_here() const;
  const std::string& layer_of_gradient(const Node& to) const;

  std::vector<Span> spans_;
  std::vector<std::size_t> regions_;                              // open ones
  std::vector<Open> rules_;                                       // open ones
  Moment last_;                                                   // the end of the last span or mark
  std::string rule_layer_;                                        // of the last rule
  std::unordered_map<const Node*, std::string> gradient_layers_;  // of gradients that rules left to the engine
};

}  // namespace gradus::bench
