#pragma once

#include <functional>
#include <vector>

#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/engine/tensor.h>

// Derivatives of a function at a point, as in torch.autograd.functional. The function is called once, with tensors that
// have the values of the inputs. The gradients of leaves do not change. An input that the function does not use has the
// derivative 0. All functions throw when an input is not f32 or f64, and when f returns no tensor of f32 or f64.
namespace gradus {

/// The options of all functions of this file.
struct DerivativeOptions {
  bool create_graph = false;  // record the results, so that they can be differentiated by the inputs
};

/// The result of jvp, and of hvp with one input.
struct ValueAndProduct {
  Tensor value;    // f(x)
  Tensor product;  // J v or H v
};
/// The result of hvp with several inputs.
struct ValueAndProducts {
  Tensor value;                  // f(inputs)
  std::vector<Tensor> products;  // one per input, of its shape
};

/// J v, with the Jacobian J of f at x and v of x's shape: the derivative of f(x + t v) by t at t = 0. The product has
/// the shape of f(x). With several inputs, the sum over them. Costs a forward and two backward runs.
ValueAndProduct jvp(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& v,
                    const DerivativeOptions& options = {}, Place place = Place::current());
ValueAndProduct jvp(const TensorFunction& f, const std::vector<Tensor>& inputs, const std::vector<Tensor>& v,
                    const DerivativeOptions& options = {}, Place place = Place::current());

/// H v, with the Hessian H of f at x and v of x's shape. f returns one element. With several inputs, product i is the
/// sum over j of d²f / dx_i dx_j v_j. Costs a forward and two backward runs; H is not formed.
ValueAndProduct hvp(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& v,
                    const DerivativeOptions& options = {}, Place place = Place::current());
ValueAndProducts hvp(const TensorFunction& f, const std::vector<Tensor>& inputs, const std::vector<Tensor>& v,
                     const DerivativeOptions& options = {}, Place place = Place::current());

/// All first derivatives: [*shape of f(x), *shape of x]; with several inputs, one per input. At most 8 axes. Costs one
/// backward run per element of f(x).
Tensor jacobian(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const DerivativeOptions& options = {},
                Place place = Place::current());
std::vector<Tensor> jacobian(const TensorFunction& f, const std::vector<Tensor>& inputs,
                             const DerivativeOptions& options = {}, Place place = Place::current());

/// All second derivatives of f, which returns one element: [*shape of x, *shape of x]; with several inputs, element
/// [i][j] is d²f / dx_i dx_j. At most 8 axes. Costs one backward run per element of the inputs.
Tensor hessian(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const DerivativeOptions& options = {},
               Place place = Place::current());
std::vector<std::vector<Tensor>> hessian(const TensorFunction& f, const std::vector<Tensor>& inputs,
                                         const DerivativeOptions& options = {}, Place place = Place::current());

}  // namespace gradus
