#include <gradus/autograd/ops/pointwise.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include <gradus/autograd/engine/broadcast.h>
#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/foundation/internal/jet_run.h>
#include <gradus/autograd/foundation/internal/simd.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/arithmetic.h>

namespace gradus::detail {

namespace {

using Operands = std::span<const Tensor* const>;
template <class T>
using Pointers = std::array<const T*, max_formula_inputs + 1>;

constexpr Index grain = Index{1} << 15;
constexpr Index block = 256;
constexpr Index jet_grain = Index{1} << 12;
constexpr Index jet_block = 128;
constexpr Index streamed_bytes = Index{1} << 24;  // a larger result is written past the caches

/// An uninitialised tensor of the shape that the operands broadcast to.
Tensor empty_result(const OpName& op, Operands in) {
  const Tensor& first = *in[0];
  if (in.size() == 1) check_floating(op, first);
  for (const Tensor* t : in.subspan(1)) {
    if (!is_floating(first.dtype()) || t->dtype() != first.dtype()) {
      throw Error(fmt::format("{}: operands {} and {}, expected one floating dtype; convert one with to(x, dtype)",
                              op.name, describe(first), describe(*t)),
                  op.place);
    }
  }
  Shape shape = first.shape();
  for (const Tensor* t : in.subspan(1))
    if (t->shape() != shape) shape = broadcast_shapes(op, shape, t->shape());
  return Tensor::empty(op, shape, first.dtype());
}

template <class T>
Loop<T> loop_of(const Loops& loops) {
  if constexpr (std::is_same_v<T, float>)
    return loops.f32;
  else
    return loops.f64;
}

/// Reads operands as if they had been expanded to the shape of the result.
class Readers {
 public:
  Readers(Operands in, const Shape& shape) {
    for (std::size_t k = 0; k < in.size(); ++k) readers_[k].emplace(in[k]->shape(), shape);
  }
  const BroadcastReader& operator[](std::size_t k) const { return *readers_[k]; }

 private:
  std::array<std::optional<BroadcastReader>, max_formula_inputs + 1> readers_;
};

template <class T>
void run_streamed(Loop<T> loop, const void* formula, T* out, Pointers<T> in, std::size_t inputs, Index n) {
  constexpr Index lanes = 64 / sizeof(T);
  alignas(64) T values[block];
  for (Index b = 0; b < n; b += block) {
    const Index count = std::min(block, n - b);
    loop(formula, values, in.data(), count);
    for (Index i = 0; i < count; i += lanes) simd::stream(out + b + i, simd::load<simd::Vector<T, lanes>>(values + i));
    for (std::size_t k = 0; k < inputs; ++k) in[k] += block;
  }
  simd::fence();
}

template <class T>
void run_broadcast(Loop<T> loop, const void* formula, Tensor& out, Operands in, const Pointers<T>& x) {
  T* y = out.mutable_data<T>();
  const Readers readers(in, out.shape());
  parallel_for(out.numel(), grain, [&](Index begin, Index end) {
    alignas(64) T expanded[max_formula_inputs + 1][block];
    Pointers<T> p;
    for (std::size_t k = 0; k < in.size(); ++k) {
      p[k] = readers[k].direct() ? x[k] + begin : expanded[k];
      if (readers[k].constant()) std::fill_n(expanded[k], std::min(block, end - begin), *x[k]);
    }
    for (Index b = begin; b < end; b += block) {
      const Index n = std::min(block, end - b);
      for (std::size_t k = 0; k < in.size(); ++k)
        if (!readers[k].direct() && !readers[k].constant()) readers[k].read(x[k], b, n, expanded[k]);
      loop(formula, y + b, p.data(), n);
      for (std::size_t k = 0; k < in.size(); ++k)
        if (readers[k].direct()) p[k] += n;
    }
  });
}

template <class T>
void run(Loop<T> loop, const void* formula, Tensor& out, Operands in) {
  Pointers<T> x;
  bool broadcasts = false;
  for (std::size_t k = 0; k < in.size(); ++k) {
    x[k] = in[k]->data<T>();
    broadcasts |= in[k]->numel() != out.numel();
  }
  if (broadcasts) return run_broadcast(loop, formula, out, in, x);
  T* y = out.mutable_data<T>();
  if (out.numel() <= grain) return loop(formula, y, x.data(), out.numel());
  const bool streams = out.numel() * static_cast<Index>(sizeof(T)) >= streamed_bytes;
  parallel_for(out.numel(), grain, [&](Index begin, Index end) {
    Pointers<T> p;
    for (std::size_t k = 0; k < in.size(); ++k) p[k] = x[k] + begin;
    if (streams)
      run_streamed(loop, formula, y + begin, p, in.size(), end - begin);
    else
      loop(formula, y + begin, p.data(), end - begin);
  });
}

/// Inputs that a rule keeps.
using Kept = InlineVector<Tensor, 2>;

/// Pointers to the tensors of a list.
class Addresses {
 public:
  Addresses() = default;
  explicit Addresses(const Kept& tensors) {
    for (Index k = 0; k < tensors.size(); ++k) push_back(tensors[k]);
  }
  void push_back(const Tensor& t) { pointers_[size_++] = &t; }
  operator Operands() const { return {pointers_.data(), size_}; }

 private:
  std::array<const Tensor*, max_formula_inputs + 1> pointers_;
  std::size_t size_ = 0;
};

/// A formula for jets, with its captures.
struct KeptFormula {
  JetFormula jets;
  std::shared_ptr<const void> captures;
};

/// The mixed partial derivative of the formula by `variables`, each an index into `in`.
Tensor partial_values(const OpName& op, const KeptFormula& f, const std::vector<int>& variables, Operands in) {
  Tensor out = empty_result(op, in);
  const Readers readers(in, out.shape());
  dispatch_floating(out.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* y = out.mutable_data<T>();
    parallel_for(out.numel(), jet_grain, [&](Index begin, Index end) {
      numeric::JetRun run(out.dtype());
      std::array<Jet, max_formula_inputs> x;
      for (Index b = begin; b < end; b += jet_block) {
        const Index n = std::min(jet_block, end - b);
        run.begin(n);
        for (std::size_t k = 0; k < in.size(); ++k) {
          T* values = static_cast<T*>(run.values());
          readers[k].read(in[k]->data<T>(), b, n, values);
          x[k] = run.input(values);
          for (std::size_t level = 0; level < variables.size(); ++level)
            if (variables[level] == static_cast<int>(k)) x[k] = run.make(static_cast<int>(level) + 1, x[k], Jet(1.0));
        }
        const Jet derivative = coefficient(f.jets(f.captures.get(), x.data()), static_cast<int>(variables.size()));
        if (derivative.is_constant()) {  // the same constant in every block
          std::fill(y + b, y + end, static_cast<T>(derivative.constant()));
          return;
        }
        run.write(derivative, y + b);
      }
    });
  });
  return out;
}

/// The same, recorded.
Tensor partial(const OpName& op, const KeptFormula& f, const std::vector<int>& variables, const Kept& in) {
  std::vector<Input> inputs;
  for (Index k = 0; k < in.size(); ++k) inputs.push_back(in[k]);
  return record(op, partial_values(op, f, variables, Addresses(in)), inputs,
                [op, f, variables, in](const Tensor& dy, Needs needs) {
                  Grads grads;
                  for (int k = 0; k < static_cast<int>(in.size()); ++k) {
                    std::vector<int> next = variables;
                    next.push_back(k);
                    grads.push_back(needs[k] ? Gradient(mul(dy, partial(op, f, next, in))) : Gradient());
                  }
                  return grads;
                });
}

/// dy times a slope at `in`, the op's inputs or its result.
Tensor scaled_slope(const OpName& op, const SlopeCode& code, const std::shared_ptr<const void>& captures,
                    const Tensor& dy, const Kept& in) {
  Addresses read;
  read.push_back(dy);
  for (Index k = 0; k < in.size(); ++k) read.push_back(in[k]);
  Tensor value = pointwise_values(op, code.scaled, captures.get(), read);
  if (!grad_enabled()) return value;
  std::vector<Input> inputs{dy};
  for (Index k = 0; k < in.size(); ++k) inputs.push_back(in[k]);
  return record(op, std::move(value), inputs, [op, &code, captures, dy, in](const Tensor& g, Needs needs) {
    Grads grads{needs[0] ? Gradient(scaled_slope(op, code, captures, g, in)) : Gradient()};
    Tensor scale;  // g dy, for all inputs
    for (int k = 0; k < static_cast<int>(in.size()); ++k) {
      const std::vector<int> variables = code.variable < 0 ? std::vector{k} : std::vector{code.variable, k};
      if (needs[k + 1] && !scale.defined()) scale = mul(g, dy);
      grads.push_back(needs[k + 1] ? Gradient(mul(scale, partial(op, {code.jets, captures}, variables, in)))
                                   : Gradient());
    }
    return grads;
  });
}

Grads gradients(const OpName& op, const FormulaCode& code, const std::shared_ptr<const void>& captures,
                const Tensor& dy, const Kept& in, Needs needs) {
  Grads grads;
  for (std::size_t k = 0; k < code.slopes.size(); ++k) {
    grads.push_back(needs[static_cast<Index>(k)] ? Gradient(scaled_slope(op, code.slopes[k], captures, dy, in))
                                                 : Gradient());
  }
  return grads;
}

}  // namespace

Tensor pointwise_values(const OpName& op, const Loops& loops, const void* captures, Operands in) {
  Tensor out = empty_result(op, in);
  dispatch_floating(out.dtype(), [&](auto zero) {
    using T = decltype(zero);
    run(loop_of<T>(loops), captures, out, in);
  });
  return out;
}

Tensor pointwise_op(const OpName& op, const FormulaCode& code, const void* captures, std::span<const Input> inputs) {
  Addresses read;
  for (const Input& in : inputs) read.push_back(*in.tensor);
  Tensor value = pointwise_values(op, code.value, captures, read);
  if (code.slopes[0].of_result) {
    return record(op, std::move(value), inputs,
                  [op, &code, kept = code.keep(captures)](const Tensor& dy, const Tensor& y, Needs needs) {
                    return gradients(op, code, kept, dy, Kept{y}, needs);
                  });
  }
  Kept in;
  for (const Input& x : inputs) in.push_back(*x.tensor);
  return record(op, std::move(value), inputs,
                [op, &code, kept = code.keep(captures), in = std::move(in)](const Tensor& dy, Needs needs) {
                  return gradients(op, code, kept, dy, in, needs);
                });
}

}  // namespace gradus::detail
