#!/usr/bin/env python3
"""Prints tests/derivatives_reference.h: derivatives of closed forms by SymPy (pip install sympy), evaluated to 30 digits
and rounded to doubles."""
import sympy as sp

x, y = sp.symbols('x y', real=True)
half = sp.Rational(1, 2)
normal_cdf = (1 + sp.erf(x / sp.sqrt(2))) / 2
gelu_tanh = x / 2 * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * (x + sp.Rational(44715, 1000000) * x**3)))
sigmoid = 1 / (1 + sp.exp(-x))
orders = 6

positive, any_sign = (sp.Rational(3, 10), sp.Rational(11, 10), sp.Rational(24, 10)), (
    sp.Rational(-17, 10), sp.Rational(-4, 10), sp.Rational(3, 10), sp.Rational(24, 10))

functions = {
    'tanh': (sp.tanh(x), any_sign),
    'exp': (sp.exp(x), any_sign),
    'expm1': (sp.exp(x) - 1, any_sign),
    'log': (sp.log(x), positive),
    'log1p': (sp.log(1 + x), positive),
    'sigmoid': (sigmoid, any_sign),
    'sqrt': (sp.sqrt(x), positive),
    'rsqrt': (1 / sp.sqrt(x), positive),
    'reciprocal': (1 / x, any_sign),
    'softplus': (sp.log(1 + sp.exp(x)), any_sign),
    'gelu': (x * normal_cdf, any_sign),
    'gelu by tanh': (gelu_tanh, any_sign),
    'silu': (x * sigmoid, any_sign),
    'erf': (sp.erf(x), any_sign),
    'sin': (sp.sin(x), any_sign),
    'cos': (sp.cos(x), any_sign),
    'pow(x, 2.5)': (x**sp.Rational(5, 2), positive),
    "a user's swish": (x * sigmoid, any_sign),
    "a user's softplus(x) / (1 + x²)": (sp.log(1 + sp.exp(x)) / (1 + x**2), any_sign),
}


def number(value):
    return repr(float(sp.N(value, 30)))


print("""#pragma once

#include <vector>

// Written by tests/reference/derivatives.py. Do not edit.
// clang-format off
namespace reference {

/// Derivatives 1 to 6 of a function at x.
struct Row {
  const char* function;
  double x;
  double derivatives[6];
};
inline const std::vector<Row> rows = {""")
for name, (f, points) in functions.items():
    derivatives = [f]
    for _ in range(orders):
        derivatives.append(sp.diff(derivatives[-1], x))
    for p in points:
        values = ', '.join(number(d.subs(x, p)) for d in derivatives[1:])
        print(f'    {{"{name}", {float(p)}, {{{values}}}}},')

print("""};

/// A derivative of pow(x, y).
struct PowRow {
  double x, y;
  int in_x, in_y;  // how often differentiated by x, then by y
  double derivative;
};
inline const std::vector<PowRow> pow_rows = {""")
for p, q in ((sp.Rational(3, 10), sp.Rational(-12, 10)), (sp.Rational(17, 10), sp.Rational(25, 10))):
    for in_x, in_y in ((1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (0, 6),
                       (1, 1), (2, 1), (1, 2), (2, 2), (3, 3)):
        d = sp.diff(x**y, *([x] * in_x + [y] * in_y))
        print(f'    {{{float(p)}, {float(q)}, {in_x}, {in_y}, {number(d.subs({x: p, y: q}))}}},')
print("""};

}  // namespace reference
// clang-format on""")
