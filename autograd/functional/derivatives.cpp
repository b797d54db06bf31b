#include <gradus/autograd/functional/derivatives.h>

#include <fmt/format.h>

#include <gradus/autograd/engine/backward.h>
#include <gradus/autograd/engine/modes.h>
#include <gradus/autograd/ops/creation.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/autograd/ops/shape.h>

namespace gradus {

namespace {

using Tensors = std::vector<Tensor>;
using OfOne = std::function<Tensor(const Tensor&)>;

bool has_derivative(const Tensor& t) { return t.defined() && is_floating(t.dtype()); }

/// f at the inputs. The inputs are copied as leaves, or with create_graph as views, so that no gradient reaches other
/// uses of the same tensors.
struct Evaluation {
  Tensors inputs;
  Tensor value;

  Evaluation(const char* name, const TensorFunction& f, const Tensors& given, bool create_graph, const Place& place) {
    if (!f) throw Error(fmt::format("{}: the function is empty", name), place);
    if (given.empty()) throw Error(fmt::format("{}: there are no inputs", name), place);
    for (const Tensor& x : given) {
      if (!has_derivative(x)) {
        throw Error(fmt::format("{}: there is no derivative by {}; expected f32 or f64", name, describe(x)), place);
      }
      inputs.push_back(create_graph && x.requires_grad() ? reshape(x, x.shape(), place)
                                                         : x.detach().set_requires_grad(true, place));
    }
    value = f(inputs);
    if (!has_derivative(value)) {
      throw Error(fmt::format("{}: the function returned {}, which has no derivative; expected f32 or f64", name,
                              describe(value)),
                  place);
    }
  }
};

void check_scalar(const char* name, const Tensor& value, const Place& place) {
  if (value.numel() == 1) return;
  throw Error(fmt::format("{}: the function returned {}, expected one element; reduce it with sum or mean", name,
                          describe(value)),
              place);
}

void check_vectors(const char* name, const Tensors& inputs, const Tensors& v, const Place& place) {
  if (v.size() != inputs.size())
    throw Error(fmt::format("{}: {} vectors for {} inputs; expected one each", name, v.size(), inputs.size()), place);
  for (std::size_t i = 0; i < v.size(); ++i) {
    if (v[i].defined() && v[i].shape() == inputs[i].shape() && v[i].dtype() == inputs[i].dtype()) continue;
    throw Error(fmt::format("{}: the vector {} does not have the shape and dtype of the input {}", name, describe(v[i]),
                            describe(inputs[i])),
                place);
  }
}

/// The sum of the derivatives of seeds[i] * outputs[i] by the inputs; zeros where there is none.
Tensors gradients(const Tensors& outputs, const Tensors& seeds, const Tensors& inputs, bool create_graph,
                  const Place& place) {
  Tensors used, used_seeds;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].requires_grad()) continue;
    used.push_back(outputs[i]);
    used_seeds.push_back(seeds[i]);
  }
  Tensors found(inputs.size());
  if (!used.empty()) {
    found =
        grad(used, inputs,
             {.seeds = used_seeds, .retain_graph = true, .create_graph = create_graph, .allow_unused = true}, place);
  }
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!found[i].defined()) found[i] = zeros_like(inputs[i]);
  return found;
}

/// The recorded gradient of a scalar.
Tensors gradient_of(const Evaluation& at, const Place& place) {
  return gradients({at.value}, {Tensor::ones(at.value.shape(), at.value.dtype())}, at.inputs, true, place);
}

/// The derivatives of each element of `value` by each input, one backward run per element.
Tensors jacobian_of(const char* name, const Tensor& value, const Tensors& inputs, bool create_graph,
                    const Place& place) {
  std::vector<Shape> shapes;
  for (const Tensor& x : inputs) {
    if (value.rank() + x.rank() > Shape::max_rank) {
      throw Error(fmt::format("{}: the derivatives of {} by {} have more than {} axes; reshape them first", name,
                              describe(value), describe(x), Shape::max_rank),
                  place);
    }
    Shape& shape = shapes.emplace_back(value.shape());
    for (const Index extent : x.shape()) shape.push_back(extent);
  }
  std::vector<Tensors> rows(inputs.size());
  for (Index i = 0; i < value.numel(); ++i) {
    Tensor seed = zeros_like(value);
    dispatch_floating(seed.dtype(), [&](auto zero) { seed.mutable_data<decltype(zero)>()[i] = 1; });
    const Tensors row = gradients({value}, {seed}, inputs, create_graph, place);
    for (std::size_t k = 0; k < inputs.size(); ++k) rows[k].push_back(reshape(row[k], {row[k].numel()}, place));
  }
  Tensors found;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    found.push_back(rows[k].empty() ? Tensor::zeros(shapes[k], inputs[k].dtype())
                                    : reshape(stack(rows[k], 0, place), shapes[k], place));
  }
  return found;
}

Tensor result(const Tensor& t, const DerivativeOptions& options) { return options.create_graph ? t : t.detach(); }

TensorFunction of_first(const OfOne& f) {
  if (!f) return nullptr;
  return [&f](const Tensors& inputs) { return f(inputs[0]); };
}

}  // namespace

ValueAndProduct jvp(const TensorFunction& f, const Tensors& inputs, const Tensors& v, const DerivativeOptions& options,
                    Place place) {
  const GradMode recording(true);
  const Evaluation at("jvp", f, inputs, options.create_graph, place);
  check_vectors("jvp", inputs, v, place);
  // The gradient for a seed u is Jᵀ u. Its derivative by u in the direction v is J v.
  const Tensor u = zeros_like(at.value).set_requires_grad();
  const Tensors transposed = gradients({at.value}, {u}, at.inputs, true, place);
  return {result(at.value, options), gradients(transposed, v, {u}, options.create_graph, place)[0]};
}

ValueAndProducts hvp(const TensorFunction& f, const Tensors& inputs, const Tensors& v, const DerivativeOptions& options,
                     Place place) {
  const GradMode recording(true);
  const Evaluation at("hvp", f, inputs, options.create_graph, place);
  check_scalar("hvp", at.value, place);
  check_vectors("hvp", inputs, v, place);
  return {result(at.value, options), gradients(gradient_of(at, place), v, at.inputs, options.create_graph, place)};
}

Tensors jacobian(const TensorFunction& f, const Tensors& inputs, const DerivativeOptions& options, Place place) {
  const GradMode recording(true);
  const Evaluation at("jacobian", f, inputs, options.create_graph, place);
  Tensors found = jacobian_of("jacobian", at.value, at.inputs, options.create_graph, place);
  for (Tensor& t : found) t = result(t, options);
  return found;
}

std::vector<Tensors> hessian(const TensorFunction& f, const Tensors& inputs, const DerivativeOptions& options,
                             Place place) {
  const GradMode recording(true);
  const Evaluation at("hessian", f, inputs, options.create_graph, place);
  check_scalar("hessian", at.value, place);
  std::vector<Tensors> rows;
  for (const Tensor& slope : gradient_of(at, place)) {
    Tensors& row = rows.emplace_back(jacobian_of("hessian", slope, at.inputs, options.create_graph, place));
    for (Tensor& t : row) t = result(t, options);
  }
  return rows;
}

ValueAndProduct jvp(const OfOne& f, const Tensor& x, const Tensor& v, const DerivativeOptions& options, Place place) {
  return jvp(of_first(f), Tensors{x}, Tensors{v}, options, place);
}

ValueAndProduct hvp(const OfOne& f, const Tensor& x, const Tensor& v, const DerivativeOptions& options, Place place) {
  const ValueAndProducts found = hvp(of_first(f), Tensors{x}, Tensors{v}, options, place);
  return {found.value, found.products[0]};
}

Tensor jacobian(const OfOne& f, const Tensor& x, const DerivativeOptions& options, Place place) {
  return jacobian(of_first(f), Tensors{x}, options, place)[0];
}

Tensor hessian(const OfOne& f, const Tensor& x, const DerivativeOptions& options, Place place) {
  return hessian(of_first(f), Tensors{x}, options, place)[0][0];
}

}  // namespace gradus
