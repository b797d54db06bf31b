#include <gradus/autograd/foundation/jet.h>

#include <algorithm>

#include <gradus/autograd/foundation/internal/jet_run.h>

namespace gradus::numeric {

namespace {

int level_of(Jet x) { return x.is_constant() ? 0 : x.node()->level; }

bool is(Jet x, double constant) { return x.is_constant() && x.constant() == constant; }

/// x as a + b ε_level.
Dual<Jet> split(Jet x, int level) {
  return level_of(x) == level ? Dual<Jet>(x.node()->a, x.node()->b) : Dual<Jet>(x, Jet(0));
}

template <class T>
const T* values_of(Jet x, JetRun& run) {
  if (!x.is_constant()) return static_cast<const T*>(x.node()->values);
  T* values = static_cast<T*>(run.values());
  std::fill_n(values, run.count(), static_cast<T>(x.constant()));
  return values;
}

template <class T, class F, class... P>
[[gnu::noinline]] void loop(F f, Index n, T* __restrict out, const P* __restrict... in) {
  for (Index i = 0; i < n; ++i) out[i] = static_cast<T>(value_of(f(Real<T>::of(in[i])...)));
}

template <class... Jets>
JetRun* run_of(Jets... in) {
  JetRun* run = nullptr;
  ((run = in.is_constant() ? run : in.node()->run), ...);
  return run;  // null if all are constants
}

/// f at level 0.
template <class F, class... Jets>
Jet at_values(F f, Jets... in) {
  JetRun* run = run_of(in...);
  if (!run) return Jet(static_cast<double>(value_of(f(Real<double>(in.constant())...))));
  void* out = run->values();
  dispatch_floating(run->dtype(), [&](auto zero) {
    using T = decltype(zero);
    loop(f, run->count(), static_cast<T*>(out), values_of<T>(in, *run)...);
  });
  return run->input(out);
}

Jet join(JetRun* run, int level, Dual<Jet> x) { return is(x.b, 0) ? x.a : run->make(level, x.a, x.b); }

/// The formula f at jets: on dual numbers of the highest level, or at level 0 on the elements.
template <class F, class... Jets>
Jet lift(F f, Jets... in) {
  const int level = std::max({level_of(in)...});
  return level > 0 ? join(run_of(in...), level, f(split(in, level)...)) : at_values(f, in...);
}

template <class F>
JetMask compare(F holds, Jet x, Jet y) {
  return JetMask(
      at_values([holds](auto a, auto b) { return decltype(a)(holds(a.v, b.v) ? 1 : 0); }, value_of(x), value_of(y)));
}

}  // namespace

// Zeros and ones are left out, since most derivatives within a formula are 0 or 1.
Jet operator+(Jet x, Jet y) {
  if (is(x, 0)) return y;
  if (is(y, 0)) return x;
  return lift([](auto a, auto b) { return a + b; }, x, y);
}
Jet operator-(Jet x, Jet y) {
  if (is(y, 0)) return x;
  if (is(x, 0)) return -y;
  return lift([](auto a, auto b) { return a - b; }, x, y);
}
Jet operator*(Jet x, Jet y) {
  if (is(x, 0) || is(y, 0)) return 0;
  if (is(x, 1)) return y;
  if (is(y, 1)) return x;
  return lift([](auto a, auto b) { return a * b; }, x, y);
}
Jet operator/(Jet x, Jet y) {
  if (is(x, 0) || is(y, 1)) return x;
  return lift([](auto a, auto b) { return a / b; }, x, y);
}
Jet operator-(Jet x) {
  return lift([](auto a) { return -a; }, x);
}
Jet value_of(Jet x) {
  while (level_of(x) > 0) x = x.node()->a;
  return x;
}
Jet constant_of(Jet x) { return value_of(x); }
Jet pow(Jet x, Jet y) {
  return lift([](auto a, auto b) { return pow(a, b); }, x, y);
}
Jet max(Jet x, Jet y) {
  return lift([](auto a, auto b) { return max(a, b); }, x, y);
}
Jet min(Jet x, Jet y) {
  return lift([](auto a, auto b) { return min(a, b); }, x, y);
}
Jet abs(Jet x) {
  return lift([](auto a) { return abs(a); }, x);
}

template <class F>
Jet apply(Jet x) {
  return lift([](auto a) { return apply<F>(a); }, x);
}
template Jet apply<Exp>(Jet);
template Jet apply<Expm1>(Jet);
template Jet apply<Log>(Jet);
template Jet apply<Log1p>(Jet);
template Jet apply<Sqrt>(Jet);
template Jet apply<Rsqrt>(Jet);
template Jet apply<Reciprocal>(Jet);
template Jet apply<Sin>(Jet);
template Jet apply<Cos>(Jet);
template Jet apply<Erf>(Jet);
template Jet apply<NormalPdf>(Jet);
template Jet apply<NormalCdf>(Jet);
template Jet apply<Gelu>(Jet);
template Jet apply<Tanh>(Jet);
template Jet apply<Sigmoid>(Jet);
template Jet apply<Softplus>(Jet);
template Jet apply<Relu>(Jet);

JetMask operator<(Jet x, Jet y) {
  return compare([](auto a, auto b) { return a < b; }, x, y);
}
JetMask operator>(Jet x, Jet y) { return y < x; }
JetMask operator<=(Jet x, Jet y) {
  return compare([](auto a, auto b) { return a <= b; }, x, y);
}
JetMask operator>=(Jet x, Jet y) { return y <= x; }
JetMask operator==(Jet x, Jet y) {
  return compare([](auto a, auto b) { return a == b; }, x, y);
}
JetMask operator!=(Jet x, Jet y) { return !(x == y); }
JetMask operator&&(JetMask a, JetMask b) { return JetMask(a.holds * b.holds); }
JetMask operator||(JetMask a, JetMask b) { return JetMask(max(a.holds, b.holds)); }
JetMask operator!(JetMask a) { return JetMask(1 - a.holds); }

Jet where(JetMask condition, Jet x, Jet y) {
  if (condition.holds.is_constant()) return condition.holds.constant() != 0 ? x : y;
  if (x.is_constant() && is(y, x.constant())) return x;
  if (const int level = std::max(level_of(x), level_of(y)); level > 0)
    return join(run_of(x, y), level, where(condition, split(x, level), split(y, level)));
  return at_values([](auto c, auto a, auto b) { return where(c.v != 0, a, b); }, condition.holds, x, y);
}

}  // namespace gradus::numeric
