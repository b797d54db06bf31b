#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

// Are the gradients right? Backward is compared with differences of the function itself, in f64.
//
// A user who adds a layer copies this:
//
//   nn::ParameterStore store(1, DType::f64);
//   const nn::Linear layer(store.root(), 3, 2);
//   const Tensor x = Tensor::normal({4, 3}, 0, 1, Philox(1, 0), DType::f64).set_requires_grad();
//   const GradcheckReport report =
//       check_module([&](const std::vector<Tensor>& in) { return layer(in[0]); }, store.trainable(), {x});
//   if (!report.passed()) std::puts(to_string(report).c_str());
namespace gradus {

enum class Verdict {
  pass,
  fail,
  kink,  // the slopes on the two sides of a point differ: no derivative to compare with, though backward's value lies
         // between them; the other entries agree
  vacuous,  // could not have failed: no input that requires a gradient, a gradient that is zero (or lost in rounding)
            // everywhere, nothing to compare, values that are not finite
};
const char* name(Verdict v);

struct GradcheckOptions {
  /// Largest |analytic - numeric|, relative to the larger of both, or to a thousandth of the input's largest derivative
  /// where both are smaller still. What rounding of f's values does to a difference is forgiven on top.
  double relative = 1e-7;
  /// 1: first derivatives. 2: derivatives of the gradient, by the inputs and by the seed that it is linear in.
  int order = 1;
  /// The first and largest step of the differences, for elements of magnitude up to 1024; it is halved from there.
  double step = 1.0 / 16;
  /// Inputs with up to this many (elements x output elements) are compared entry by entry; others along random
  /// directions and at single elements, this many of each, in the value of a random linear form of the output.
  Index full_jacobian = 4096;
  Index directions = 8;
  /// Counts these verdicts as passed.
  bool allow_kinks = false, allow_vacuous = false;
  /// Of directions, and of the RandomScope under which every evaluation of f runs (dropout draws the same numbers each
  /// time).
  std::uint64_t seed = 1;
};

/// What was found for one input or parameter. The numbers are those of the worst entry.
struct InputReport {
  std::string name;  // the tensor's name, else "input 0"; "seed" for the seed of a second-order check
  Verdict verdict = Verdict::vacuous;
  std::string why;
  Index compared = 0, kinks = 0;
  std::string at;  // "d output[3] / d input[0, 1]", or the direction
  double analytic = 0, numeric = 0, absolute = 0, relative = 0;
  double step = 0;  // the smallest that the numeric value rests on
};

struct GradcheckReport {
  GradcheckOptions options;
  std::vector<InputReport> inputs;
  /// What is wrong with the function as a whole; empty when nothing is.
  std::string problem;
  Verdict verdict = Verdict::vacuous;  // the worst of the inputs': fail, then vacuous, then kink

  /// Verdict pass, or one that the options allow.
  bool passed() const;
  /// The largest relative error of all inputs.
  double worst_relative() const;
};
/// A table, an input a line, and below it what did not pass and why.
std::string to_string(const GradcheckReport& report);

using GradcheckFunction = std::function<Tensor(const std::vector<Tensor>&)>;

/// Compares backward through f at `inputs` with central differences, extrapolated to step 0 (Ridders 1982, "Accurate
/// computation of F'(x) and F'(x)F''(x)"). Checked are the inputs that require a gradient; f is given copies and may
/// not write to them. Backward runs twice and must give the same bits; so must f. Throws when an input that requires a
/// gradient, or the output, is f32: differences of f32 say next to nothing. The output may have any shape.
GradcheckReport gradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs,
                          const GradcheckOptions& options = {});

/// gradcheck to the second order: of the gradient of f, which must be made of ops that are recorded (create_graph), and
/// must have the values that backward gives without recording. An input in which f is linear passes with zero.
GradcheckReport gradgradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs,
                              const GradcheckOptions& options = {});

/// gradcheck for a function that uses parameters besides its inputs: leaves, of which those that require a gradient are
/// checked under their names. They are moved in place and get their bits back, so a graph recorded before can no longer
/// run backward. Their grad() is left alone.
GradcheckReport check_module(const GradcheckFunction& f, const std::vector<Tensor>& parameters,
                             const std::vector<Tensor>& inputs, const GradcheckOptions& options = {});

}  // namespace gradus
