#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/optim/internal/state.h>

namespace gradus::optim {

/// Parameters that share options.
struct ParameterGroup {
  std::vector<Tensor> parameters;
  double lr_scale = 1;                 // multiplies the learning rate of every step; at least 0
  std::optional<double> weight_decay;  // at least 0; empty: the optimiser's own
};

/// Changes leaves (f32 or f64) by their gradients, `p.grad()`. As in PyTorch, a parameter without a gradient is passed
/// over: neither it nor its moments nor its count of steps change.
///
/// A step is one pass over memory. Parameters that follow each other in one storage with nothing but zero padding (less
/// than 64 bytes) between them, and whose gradients do so alike, are walked as one run; the work is cut by shape. The
/// bits are the same for separate and for neighbouring parameters, and at any number of threads.
class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// One update with the gradients times `grad_scale` (what `clip_scale` returns, say; the gradients stay as they are).
  /// Counts as a write to each parameter. Throws before anything is changed when lr is negative or not finite, or when
  /// grad_scale is not finite.
  void step(double lr, double grad_scale = 1, Place place = Place::current());

  /// Drops the gradients of all parameters.
  void zero_grad();

  /// All parameters, group after group.
  const std::vector<Tensor>& parameters() const { return parameters_; }

  /// A copy of everything that the next step depends on beside parameters, gradients and options: "step/NAME", the
  /// number of updates a parameter has had (i64 scalar), and one tensor of the parameter's shape a moment, under
  /// PyTorch's name
  /// ("exp_avg/NAME"). NAME is the parameter's name, or its position ("2") when it has none.
  State state() const;

  /// Goes on from a state. Throws before anything is changed when an entry is missing, unknown, or has another shape or
  /// dtype.
  void load_state(const State& state);

 protected:
  /// A stretch of memory in which all elements are updated alike.
  template <class T>
  struct Stretch {
    T* parameter;
    const T* gradient;
    std::array<T*, 3> moments;  // in the order of their names; zero before the first step
    Index count;
    Index step;  // of this update, from 1
    double lr, weight_decay, grad_scale;
  };

  /// `name` speaks in errors. `moments` are the names of the tensors kept for each parameter, at most three. Throws
  /// when there are no parameters, when one is undefined, i64, not a leaf, or there twice (or two overlap in memory or
  /// have one name), and on bad group options.
  Optimizer(const char* name, const std::vector<ParameterGroup>& groups, double weight_decay,
            std::vector<std::string> moments);

  virtual void update(const Stretch<float>& stretch) const = 0;
  virtual void update(const Stretch<double>& stretch) const = 0;
  /// Whether an element that is zero, with gradient and moments zero, stays zero, so that padding may be walked over.
  virtual bool keeps_zeros() const { return true; }

 private:
  struct Entry {
    std::string name;
    double lr_scale, weight_decay;
    Index slot;  // first element in the moments' blocks
    Index steps = 0;
  };
  template <class T>
  struct Run;

  void check_parameters() const;
  template <class T>
  void lay_out();
  template <class T>
  std::vector<Run<T>> plan() const;
  template <class T>
  void apply(double lr, double grad_scale, const Place& place);
  std::vector<Tensor>& blocks(DType t) { return t == DType::f32 ? blocks_f32_ : blocks_f64_; }
  Tensor moment(std::size_t parameter, std::size_t which) const;

  const char* name_;
  std::vector<Tensor> parameters_;
  std::vector<Entry> entries_;  // one a parameter
  std::vector<std::string> moments_;
  // One flat block a moment, laid out like the parameters: neighbours in memory are neighbours here.
  std::vector<Tensor> blocks_f32_, blocks_f64_;
};

}  // namespace gradus::optim
