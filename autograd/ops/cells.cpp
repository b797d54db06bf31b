#include <gradus/autograd/ops/cells.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/engine/internal/axes.h>
#include <gradus/autograd/engine/recompute.h>
#include <gradus/autograd/foundation/math.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/arithmetic.h>
#include <gradus/autograd/ops/functions.h>
#include <gradus/autograd/ops/joining.h>
#include <gradus/autograd/ops/slicing.h>

namespace gradus {

namespace {

// The kernels of one row. Their arguments do not overlap, so that compilers vectorise the loops.
template <class T>
[[gnu::noinline]] void lstm_row(Index d, const T* __restrict gate, const T* __restrict before, T* __restrict hidden,
                                T* __restrict cell) {
  for (Index k = 0; k < d; ++k) {
    const T now = math::sigmoid(gate[d + k]) * before[k] + math::sigmoid(gate[k]) * math::tanh(gate[2 * d + k]);
    cell[k] = now;
    hidden[k] = math::sigmoid(gate[3 * d + k]) * math::tanh(now);
  }
}

template <class T>
[[gnu::noinline]] void lstm_row_backward(Index d, const T* __restrict gate, const T* __restrict before,
                                         const T* __restrict now, const T* __restrict dhidden, const T* __restrict dnow,
                                         T* __restrict din, T* __restrict dforget, T* __restrict dcandidate,
                                         T* __restrict dout, T* __restrict dbefore) {
  for (Index k = 0; k < d; ++k) {
    const T in = math::sigmoid(gate[k]), forget = math::sigmoid(gate[d + k]), candidate = math::tanh(gate[2 * d + k]),
            out = math::sigmoid(gate[3 * d + k]), squashed = math::tanh(now[k]);
    const T total = dnow[k] + dhidden[k] * out * (1 - squashed * squashed);
    din[k] = total * candidate * in * (1 - in);
    dforget[k] = total * before[k] * forget * (1 - forget);
    dcandidate[k] = total * in * (1 - candidate * candidate);
    dout[k] = dhidden[k] * squashed * out * (1 - out);
    dbefore[k] = total * forget;
  }
}

template <class T>
[[gnu::noinline]] void gru_row(Index d, const T* __restrict x, const T* __restrict h, const T* __restrict before,
                               T* __restrict now) {
  for (Index k = 0; k < d; ++k) {
    const T reset = math::sigmoid(x[k] + h[k]), update = math::sigmoid(x[d + k] + h[d + k]);
    const T fresh = math::tanh(x[2 * d + k] + reset * h[2 * d + k]);
    now[k] = fresh + update * (before[k] - fresh);
  }
}

template <class T>
[[gnu::noinline]] void gru_row_backward(Index d, const T* __restrict x, const T* __restrict h,
                                        const T* __restrict before, const T* __restrict g, T* __restrict dreset,
                                        T* __restrict dupdate, T* __restrict dfresh, T* __restrict drecurrent,
                                        T* __restrict dbefore) {
  for (Index k = 0; k < d; ++k) {
    const T reset = math::sigmoid(x[k] + h[k]), update = math::sigmoid(x[d + k] + h[d + k]);
    const T fresh = math::tanh(x[2 * d + k] + reset * h[2 * d + k]);
    const T df = g[k] * (1 - update) * (1 - fresh * fresh);
    dreset[k] = df * h[2 * d + k] * reset * (1 - reset);
    dupdate[k] = g[k] * (before[k] - fresh) * update * (1 - update);
    dfresh[k] = df;
    drecurrent[k] = df * reset;
    dbefore[k] = g[k] * update;
  }
}

template <class F>
void for_rows(Index rows, Index dim, F f) {
  parallel_each(rows, grain_of(Index{1} << 12, dim), f);
}

}  // namespace

LstmState lstm_gates(const Tensor& gates, const Tensor& cell, Place place) {
  const OpName op("lstm_gates", place);
  check_floating(op, gates);
  if (gates.rank() != 2 || cell.rank() != 2 || gates.shape()[0] != cell.shape()[0] ||
      gates.shape()[1] != 4 * cell.shape()[1] || gates.dtype() != cell.dtype()) {
    throw Error(fmt::format("lstm_gates: gates {} and cell {} do not fit: expected [batch, 4 dim] and [batch, dim]",
                            describe(gates), describe(cell)),
                place);
  }
  const Index rows = cell.shape()[0], d = cell.shape()[1];
  Tensor both = Tensor::empty(op, {2, rows, d}, cell.dtype());  // h' and c'
  dispatch_floating(both.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T *gate = gates.data<T>(), *before = cell.data<T>();
    T* out = both.mutable_data<T>();
    for_rows(rows, d,
             [&](Index r) { lstm_row(d, gate + r * 4 * d, before + r * d, out + r * d, out + (rows + r) * d); });
  });
  const Tensor state =
      record(op, both, {gates, cell}, [gates, cell, rows, d](const Tensor& dy, const Tensor& y, Needs needs) {
        if (grad_enabled()) {
          return gradients_through(
              [](const std::vector<Tensor>& x) {
                const auto g = chunk(x[0], 4, 1);
                const Tensor c = sigmoid(g[1]) * x[1] + sigmoid(g[0]) * tanh(g[2]);
                return stack({sigmoid(g[3]) * tanh(c), c});
              },
              {gates, cell}, dy, needs);
        }
        Tensor dgates = Tensor::empty(gates.shape(), dy.dtype()), dcell = Tensor::empty(cell.shape(), dy.dtype());
        dispatch_floating(dy.dtype(), [&](auto zero) {
          using T = decltype(zero);
          const T *gate = gates.data<T>(), *before = cell.data<T>(), *now = y.data<T>() + rows * d, *g = dy.data<T>();
          T *out = dgates.mutable_data<T>(), *dbefore = dcell.mutable_data<T>();
          for_rows(rows, d, [&](Index r) {
            T* o = out + r * 4 * d;
            lstm_row_backward(d, gate + r * 4 * d, before + r * d, now + r * d, g + r * d, g + (rows + r) * d, o, o + d,
                              o + 2 * d, o + 3 * d, dbefore + r * d);
          });
        });
        return Grads{dgates, dcell};
      });
  return {select(state, 0, 0, place), select(state, 0, 1, place)};
}

Tensor gru_gates(const Tensor& input, const Tensor& recurrent, const Tensor& hidden, Place place) {
  const OpName op("gru_gates", place);
  check_floating(op, input);
  if (input.rank() != 2 || hidden.rank() != 2 || !(input.shape() == recurrent.shape()) ||
      !(input.shape() == Shape{hidden.shape()[0], 3 * hidden.shape()[1]}) || input.dtype() != recurrent.dtype() ||
      input.dtype() != hidden.dtype()) {
    throw Error(
        fmt::format("gru_gates: {}, {} and hidden {} do not fit: expected [batch, 3 dim] twice and [batch, dim]",
                    describe(input), describe(recurrent), describe(hidden)),
        place);
  }
  const Index rows = hidden.shape()[0], d = hidden.shape()[1];
  Tensor y = Tensor::empty(op, hidden.shape(), hidden.dtype());
  dispatch_floating(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T *x = input.data<T>(), *h = recurrent.data<T>(), *before = hidden.data<T>();
    T* out = y.mutable_data<T>();
    for_rows(rows, d, [&](Index r) { gru_row(d, x + r * 3 * d, h + r * 3 * d, before + r * d, out + r * d); });
  });
  return record(op, y, {input, recurrent, hidden}, [input, recurrent, hidden, rows, d](const Tensor& dy, Needs needs) {
    if (grad_enabled()) {
      return gradients_through(
          [](const std::vector<Tensor>& v) {
            const auto x = chunk(v[0], 3, 1), h = chunk(v[1], 3, 1);
            const Tensor update = sigmoid(x[1] + h[1]), fresh = tanh(x[2] + sigmoid(x[0] + h[0]) * h[2]);
            return fresh + update * (v[2] - fresh);
          },
          {input, recurrent, hidden}, dy, needs);
    }
    Tensor dx = Tensor::empty(input.shape(), dy.dtype()), dh = Tensor::empty(input.shape(), dy.dtype()),
           dhidden = Tensor::empty(hidden.shape(), dy.dtype());
    dispatch_floating(dy.dtype(), [&](auto zero) {
      using T = decltype(zero);
      const T *x = input.data<T>(), *h = recurrent.data<T>(), *before = hidden.data<T>(), *g = dy.data<T>();
      T *to_x = dx.mutable_data<T>(), *to_h = dh.mutable_data<T>(), *dbefore = dhidden.mutable_data<T>();
      for_rows(rows, d, [&](Index r) {
        T *ox = to_x + r * 3 * d, *oh = to_h + r * 3 * d;
        gru_row_backward(d, x + r * 3 * d, h + r * 3 * d, before + r * d, g + r * d, ox, ox + d, ox + 2 * d, oh + 2 * d,
                         dbefore + r * d);
        std::copy_n(ox, 2 * d, oh);
      });
    });
    return Grads{dx, dh, dhidden};
  });
}

}  // namespace gradus
