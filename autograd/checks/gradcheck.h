#pragma once

#include <functional>
#include <vector>

#include <gradus/autograd/checks/gradcheck_report.h>
#include <gradus/autograd/engine/tensor.h>

// Compares derivatives by backward with derivatives by differences, in f64. To check a layer:
//
//   nn::ParameterStore store(1, DType::f64);
//   const nn::Linear layer(store.root(), 3, 2);
//   const Tensor x = Tensor::normal({4, 3}, 0, 1, Philox(1, 0), DType::f64).set_requires_grad();
//   const GradcheckReport report =
//       check_module([&](const std::vector<Tensor>& in) { return layer(in[0]); }, store.trainable(), {x});
//   if (!report.passed()) std::puts(to_string(report).c_str());
namespace gradus {

/// A pure function with a result of f64. Its random numbers, if any, are those of RandomScope.
using GradcheckFunction = std::function<Tensor(const std::vector<Tensor>&)>;

/// Compares backward through f at `inputs` with central differences, extrapolated to step 0 (Ridders 1982, "Accurate
/// computation of F'(x) and F'(x)F''(x)").
/// - The inputs that require a gradient are checked. f gets copies and may not write to them. Its output may have any
///   shape.
/// - f must give the same bits twice, and so must backward.
/// - order n > 1: the checked function is the gradient of the checked function of order n - 1, Σ seed * f by all its
///   inputs. The seed is one more input. Each gradient must have the same values whether it is recorded or not. A
///   derivative of zero passes for every input but the last seed.
/// Throws Error when the output or an input that requires a gradient is f32, whose rounding hides errors.
GradcheckReport gradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs,
                          const GradcheckOptions& options = {});

/// gradcheck of a function that also uses parameters, which are leaves.
/// - Those that require a gradient are checked, under their names.
/// - They are changed in place and restored bit for bit. Backward can no longer run through earlier graphs.
/// - Their grad() does not change.
GradcheckReport check_module(const GradcheckFunction& f, const std::vector<Tensor>& parameters,
                             const std::vector<Tensor>& inputs, const GradcheckOptions& options = {});

}  // namespace gradus
