#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>
#include <gradus/optim/state.h>

namespace gradus::optim {

/// Parameters that share options.
struct ParameterGroup {
  std::vector<Tensor> parameters;      // leaves
  double lr_scale = 1;                 // multiplies the learning rate of every step; at least 0
  std::optional<double> weight_decay;  // at least 0; empty: the optimiser's own
};

/// The parameters of an optimiser, or groups of them.
struct ParameterGroups {
  std::vector<ParameterGroup> groups;  // in the order of Optimizer::parameters

  /// Converts from one group's parameters or from groups implicitly.
  ParameterGroups(const std::vector<Tensor>& parameters) : groups{{parameters, 1, std::nullopt}} {}
  ParameterGroups(std::initializer_list<Tensor> parameters) : ParameterGroups(std::vector<Tensor>(parameters)) {}
  ParameterGroups(std::vector<ParameterGroup> several) : groups(std::move(several)) {}
};

/// Changes leaves (f32 or f64) by their gradients, `p.grad()`. As in PyTorch, a parameter without a gradient is
/// skipped: the parameter, its moments and its number of steps do not change.
///
/// - A step is one pass over memory. Neighbours in one storage, with at most 63 bytes of zero padding between them, are
///   updated as one run if their gradients are neighbours in the same way.
/// - The bits are the same for separate and for neighbouring parameters, and at any number of threads.
///
/// An optimiser is a class with a constructor and `update`.
class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// One update with the gradients times `grad_scale`, for example `clip_scale(parameters, 1).scale`. The gradients do
  /// not change. Counts as a write to each parameter. Throws before anything changes when lr is negative or not finite,
  /// or when grad_scale is not finite.
  void step(double lr, double grad_scale = 1, Place place = Place::current());

  /// Drops the gradients of all parameters.
  void zero_grad();

  /// All parameters, group after group.
  const std::vector<Tensor>& parameters() const { return parameters_; }

  /// A copy of the data of the next step, except parameters, gradients and options:
  ///
  /// - "step/NAME": how many updates the parameter has had (i64 scalar);
  /// - one tensor per moment, of the parameter's shape, under PyTorch's name ("exp_avg/NAME").
  ///
  /// NAME is the parameter's name, or its position ("2") when it has none.
  State state() const;

  /// Continues from a state. Throws before anything changes when an entry is missing or unknown, has another shape or
  /// dtype, or is a number of updates that is not from 0 to 2^53.
  void load_state(const State& state);

 protected:
  /// The largest number of moments.
  static constexpr std::size_t most_moments = 3;

  /// `count` consecutive elements with the same update. T is the C++ type of `dtype`.
  struct Stretch {
    DType dtype;                              // f32 or f64
    void* parameters;                         // the first element
    const void* gradients;                    // the first element, not scaled
    std::array<void*, most_moments> moments;  // in the order of their names; zero before the first step
    Index count;                              // elements
    Index step;                               // the number of this update, from 1
    double lr,                                ///< of the step times lr_scale
        weight_decay,                         ///< of the group
        grad_scale;                           ///< of the step

    /// The first element of each as its C++ type.
    template <class T>
    T* parameter() const {
      return static_cast<T*>(parameters);
    }
    template <class T>
    const T* gradient() const {
      return static_cast<const T*>(gradients);
    }
    template <class T>
    T* moment(std::size_t i) const {
      return static_cast<T*>(moments[i]);
    }
  };

  /// `name` begins the messages of errors. `moments` names the tensors kept per parameter. Throws when
  ///
  /// - there are no parameters;
  /// - a parameter is undefined, i64 or not a leaf;
  /// - two parameters overlap in memory or have the same name;
  /// - an option of a group is out of range;
  /// - there are more than most_moments moments.
  Optimizer(const char* name, const ParameterGroups& parameters, double weight_decay, std::vector<std::string> moments);

  /// Updates the parameters and moments of a stretch. Several threads call it at once, each for other elements.
  virtual void update(const Stretch& stretch) const = 0;
  /// Whether a zero element with zero gradient and moments stays zero. Padding may then be updated too.
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
  std::vector<Entry> entries_;  // one per parameter
  std::vector<std::string> moments_;
  // One flat block per moment. Neighbouring parameters are neighbours in it too.
  std::vector<Tensor> blocks_f32_, blocks_f64_;
};

}  // namespace gradus::optim
