#include <fmt/format.h>

#include <algorithm>

#include "autograd/axes.h"
#include "autograd/composed.h"
#include "autograd/math.h"
#include "autograd/ops.h"
#include "autograd/parallel.h"

namespace gradus {

namespace {

Index row_grain(Index dim) { return std::max<Index>(1, (Index{1} << 12) / std::max<Index>(1, dim)); }

template <class T>
void lstm_forward(Index rows, Index d, const T* gates, const T* memory, T* h, T* c) {
  parallel_for(rows, row_grain(d), [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      const T *i = gates + r * 4 * d, *f = i + d, *g = f + d, *o = g + d, *before = memory + r * d;
      T *hr = h + r * d, *cr = c + r * d;
      for (Index k = 0; k < d; ++k) {
        const T now = math::sigmoid(f[k]) * before[k] + math::sigmoid(i[k]) * math::tanh(g[k]);
        cr[k] = now;
        hr[k] = math::sigmoid(o[k]) * math::tanh(now);
      }
    }
  });
}

template <class T>
void lstm_backward(Index rows, Index d, const T* gates, const T* memory, const T* c, const T* dh, const T* dc,
                   T* dgates, T* dmemory) {
  parallel_for(rows, row_grain(d), [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      const T *i = gates + r * 4 * d, *f = i + d, *g = f + d, *o = g + d, *before = memory + r * d, *now = c + r * d;
      T *di = dgates + r * 4 * d, *df = di + d, *dg = df + d, *dout = dg + d;
      for (Index k = 0; k < d; ++k) {
        const T in = math::sigmoid(i[k]), forget = math::sigmoid(f[k]), cell = math::tanh(g[k]),
                out = math::sigmoid(o[k]), squashed = math::tanh(now[k]);
        const T hidden = dh[r * d + k], total = dc[r * d + k] + hidden * out * (1 - squashed * squashed);
        dout[k] = hidden * squashed * out * (1 - out);
        di[k] = total * cell * in * (1 - in);
        df[k] = total * before[k] * forget * (1 - forget);
        dg[k] = total * in * (1 - cell * cell);
        dmemory[r * d + k] = total * forget;
      }
    }
  });
}

template <class T>
void gru_forward(Index rows, Index d, const T* x, const T* h, const T* hidden, T* out) {
  parallel_for(rows, row_grain(d), [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T *xr = x + row * 3 * d, *hr = h + row * 3 * d, *before = hidden + row * d;
      for (Index k = 0; k < d; ++k) {
        const T reset = math::sigmoid(xr[k] + hr[k]), update = math::sigmoid(xr[d + k] + hr[d + k]);
        const T fresh = math::tanh(xr[2 * d + k] + reset * hr[2 * d + k]);
        out[row * d + k] = fresh + update * (before[k] - fresh);
      }
    }
  });
}

template <class T>
void gru_backward(Index rows, Index d, const T* x, const T* h, const T* hidden, const T* dy, T* dx, T* dh, T* dhidden) {
  parallel_for(rows, row_grain(d), [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T *xr = x + row * 3 * d, *hr = h + row * 3 * d, *before = hidden + row * d, *g = dy + row * d;
      T *dxr = dx + row * 3 * d, *dhr = dh + row * 3 * d;
      for (Index k = 0; k < d; ++k) {
        const T reset = math::sigmoid(xr[k] + hr[k]), update = math::sigmoid(xr[d + k] + hr[d + k]);
        const T fresh = math::tanh(xr[2 * d + k] + reset * hr[2 * d + k]);
        const T dfresh = g[k] * (1 - update) * (1 - fresh * fresh),
                dupdate = g[k] * (before[k] - fresh) * update * (1 - update);
        const T dreset = dfresh * hr[2 * d + k] * reset * (1 - reset);
        dxr[k] = dhr[k] = dreset;
        dxr[d + k] = dhr[d + k] = dupdate;
        dxr[2 * d + k] = dfresh;
        dhr[2 * d + k] = dfresh * reset;
        dhidden[row * d + k] = g[k] * update;
      }
    }
  });
}

}  // namespace

LstmState lstm_gates(const Tensor& gates, const Tensor& memory, Where where) {
  const OpName op("lstm_gates", where);
  check_floating(op, gates);
  if (gates.rank() != 2 || memory.rank() != 2 || gates.shape()[0] != memory.shape()[0] ||
      gates.shape()[1] != 4 * memory.shape()[1] || gates.dtype() != memory.dtype())
    throw Error(fmt::format("lstm_gates: gates {} and memory {} do not fit: expected [batch, 4 dim] and [batch, dim]",
                            describe(gates), describe(memory)),
                where);
  const Index rows = memory.shape()[0], d = memory.shape()[1];
  Tensor both = Tensor::empty({2, rows, d}, memory.dtype());  // h' and c'
  dispatch_floating(both.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* out = both.mutable_data<T>();
    lstm_forward<T>(rows, d, gates.data<T>(), memory.data<T>(), out, out + rows * d);
  });
  const Tensor state =
      record(op, both, {gates, memory}, [gates, memory, rows, d](const Tensor& dy, const Tensor& y, Needs needs) {
        if (grad_enabled())
          return gradients_through(
              [](const std::vector<Tensor>& x) {
                const auto g = chunk(x[0], 4, 1);
                const Tensor c = sigmoid(g[1]) * x[1] + sigmoid(g[0]) * tanh(g[2]);
                return stack({sigmoid(g[3]) * tanh(c), c});
              },
              {gates, memory}, dy, needs);
        Tensor dgates = Tensor::empty(gates.shape(), dy.dtype()), dmemory = Tensor::empty(memory.shape(), dy.dtype());
        dispatch_floating(dy.dtype(), [&](auto zero) {
          using T = decltype(zero);
          const T* g = dy.data<T>();
          lstm_backward<T>(rows, d, gates.data<T>(), memory.data<T>(), y.data<T>() + rows * d, g, g + rows * d,
                           dgates.mutable_data<T>(), dmemory.mutable_data<T>());
        });
        return Grads{dgates, dmemory};
      });
  return {select(state, 0, 0, where), select(state, 0, 1, where)};
}

Tensor gru_gates(const Tensor& input, const Tensor& recurrent, const Tensor& hidden, Where where) {
  const OpName op("gru_gates", where);
  check_floating(op, input);
  if (input.rank() != 2 || hidden.rank() != 2 || !(input.shape() == recurrent.shape()) ||
      !(input.shape() == Shape{hidden.shape()[0], 3 * hidden.shape()[1]}) || input.dtype() != recurrent.dtype() ||
      input.dtype() != hidden.dtype())
    throw Error(
        fmt::format("gru_gates: {}, {} and hidden {} do not fit: expected [batch, 3 dim] twice and [batch, dim]",
                    describe(input), describe(recurrent), describe(hidden)),
        where);
  const Index rows = hidden.shape()[0], d = hidden.shape()[1];
  Tensor y = Tensor::empty(hidden.shape(), hidden.dtype());
  dispatch_floating(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    gru_forward<T>(rows, d, input.data<T>(), recurrent.data<T>(), hidden.data<T>(), y.mutable_data<T>());
  });
  return record(op, y, {input, recurrent, hidden}, [input, recurrent, hidden, rows, d](const Tensor& dy, Needs needs) {
    if (grad_enabled())
      return gradients_through(
          [](const std::vector<Tensor>& v) {
            const auto x = chunk(v[0], 3, 1), h = chunk(v[1], 3, 1);
            const Tensor update = sigmoid(x[1] + h[1]), fresh = tanh(x[2] + sigmoid(x[0] + h[0]) * h[2]);
            return fresh + update * (v[2] - fresh);
          },
          {input, recurrent, hidden}, dy, needs);
    Tensor dx = Tensor::empty(input.shape(), dy.dtype()), dh = Tensor::empty(input.shape(), dy.dtype()),
           dhidden = Tensor::empty(hidden.shape(), dy.dtype());
    dispatch_floating(dy.dtype(), [&](auto zero) {
      using T = decltype(zero);
      gru_backward<T>(rows, d, input.data<T>(), recurrent.data<T>(), hidden.data<T>(), dy.data<T>(),
                      dx.mutable_data<T>(), dh.mutable_data<T>(), dhidden.mutable_data<T>());
    });
    return Grads{dx, dh, dhidden};
  });
}

}  // namespace gradus
