#!/usr/bin/python3
"""Prints the numbers of tests/autograd_tensors_reference_test.cpp, computed by PyTorch (Debian: python3-torch) in
double precision.
"""
import torch

from cases import INF, NAN, begin, end, leaf, ramp, show

begin()
for name in ('floor', 'ceil', 'round', 'trunc', 'sign'):
    show(name, getattr(torch, name), leaf(-2.5, -1.5, -0.2, 0.0, 0.5, 1.5, 2.7, INF))
show('floor of NaN', lambda x: x.detach().floor(), leaf(NAN))
show('sign of NaN', lambda x: x.detach().sign(), leaf(NAN))

for p in (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, -1.0, INF, -INF):
    show(f'norm {p}', lambda x: x.norm(p), ramp(5))
    show(f'norm {p} with an element of 0', lambda x: x.norm(p), leaf(0.0, -2.0, 2.0, 1.0))
    show(f'norm {p} of zeros', lambda x: x.norm(p), leaf(0.0, 0.0))
show('norm 0', lambda x: x.detach().norm(0), leaf(0.0, -2.0, 2.0))
show('norm of rows, keepdim', lambda x: x.norm(2, 1, keepdim=True), ramp(2, 3))
show('norm of two axes', lambda x: x.norm(3, (0, 2)), ramp(2, 3, 2))
show('norm of no elements', lambda x: x.norm(2, 0), torch.zeros(0, 2).requires_grad_())
show('norm with an infinity', lambda x: x.norm(), leaf(INF, 1.0))

for correction in (0, 1, 2):
    show(f'std, correction {correction}', lambda x: x.std((0, 2), correction=correction), ramp(2, 3, 2))
show('std of equal numbers', lambda x: x.std(), leaf(2.0, 2.0, 2.0))
show('std of one element', lambda x: x.std(1), ramp(2, 1))
show('std, keepdim', lambda x: x.std(0, keepdim=True), ramp(3, 2))

show('prod', torch.prod, ramp(5))
show('prod of rows', lambda x: x.prod(1), ramp(2, 3))
show('prod with one 0', torch.prod, leaf(2.0, 0.0, 3.0))
show('prod with two 0', torch.prod, leaf(2.0, 0.0, 3.0, 0.0))
show('prod of no elements', lambda x: x.prod(0), torch.zeros(0, 2).requires_grad_())
show('cumprod', lambda x: x.cumprod(1), ramp(2, 4))
show('cumprod with zeros', lambda x: x.cumprod(0), leaf(2.0, 0.0, 3.0, 0.0, 1.5))

order = leaf(2.0, NAN, 1.0, NAN, 2.0, -INF)
for descending in (False, True):
    word = 'descending' if descending else 'ascending'
    show(f'sort {word}', lambda x: x.sort(-1, descending)[0], ramp(2, 5))
    show(f'argsort {word}, of ties and NaN', lambda x: x.sort(stable=True, descending=descending)[1], order)
show('topk', lambda x: x.topk(3)[0], ramp(2, 5))
show('topk, the smallest', lambda x: x.topk(2, 0, largest=False)[0], ramp(4, 2))
show('indices of topk with NaN', lambda x: x.topk(3)[1], order)
show('indices of topk with NaN, the smallest', lambda x: x.topk(3, largest=False)[1], order)

for k in (-1, 0, 2):
    show(f'tril {k}', lambda x: x.tril(k), ramp(2, 3, 2))
    show(f'triu {k}', lambda x: x.triu(k), ramp(3, 4))
    show(f'diagonal {k}', lambda x: x.diagonal(k), ramp(3, 4))
show('diagonal of batches', lambda x: x.diagonal(0, -1, 0), ramp(3, 2, 3))
show('diagonal past the matrix', lambda x: x.diagonal(5), ramp(3, 4))
show('trace', torch.trace, ramp(3, 4))

show('repeat', lambda x: x.repeat(2, 1, 3), ramp(2, 3))
show('tile', lambda x: x.tile(2), ramp(2, 3))
show('repeat_interleave', lambda x: x.repeat_interleave(2, 0), ramp(2, 3))
show('repeat_interleave, flattened', lambda x: x.repeat_interleave(2), ramp(2, 2))
show('roll', lambda x: x.roll((1, -2), (0, 1)), ramp(3, 4))
show('roll, flattened', lambda x: x.roll(2), ramp(2, 3))

for axis in (0, 1):
    show(f'max with indices, axis {axis}', lambda x: x.max(axis)[0], ramp(3, 4))
    show(f'min with indices, axis {axis}', lambda x: x.min(axis, keepdim=True)[0], ramp(3, 4))
ties = torch.tensor([[1.0, 3.0, 3.0, NAN, NAN], [2.0, 1.0, 1.0, 2.0, -INF]]).requires_grad_()
show('max with indices, of ties and NaN', lambda x: x.detach().max(1)[1], ties)
show('min with indices, of ties and NaN', lambda x: x.detach().min(1)[1], ties)
show('gradient of the first of equal maxima', lambda x: x.max(0)[0], leaf(1.0, 3.0, 3.0))
show('argmin', lambda x: x.detach().argmin(0), ramp(3, 4))
show('any', lambda x: x.detach().any(1), leaf([0.0, 0.0], [0.0, NAN], [0.0, -1.0]))
show('all', lambda x: x.detach().all(1), leaf([0.0, 0.0], [2.0, NAN], [0.0, -1.0]))
show('count_nonzero', lambda x: x.detach().count_nonzero(0), leaf([0.0, 0.0], [2.0, NAN], [0.0, -1.0]))

special = leaf(0.0, -0.0, 1.5, NAN, INF, -INF)
for name in ('isnan', 'isinf', 'isfinite'):
    show(name, lambda x: getattr(torch, name)(x.detach()), special)
for name in ('logical_and', 'logical_or', 'logical_xor'):
    show(name, lambda x: getattr(torch, name)(x.detach()[:, None], x.detach()), special)
for equal_nan in (False, True):
    show(f'isclose{", NaN too" if equal_nan else ""}',
         lambda x, y: torch.isclose(x.detach(), y.detach(), 1e-5, 1e-8, equal_nan),
         leaf(1.0, 1.0, INF, INF, NAN, 0.0, 0.0), leaf(1.00001, 1.0001, INF, -INF, NAN, 1e-9, 1e-7))

a = leaf(7.5, -7.5, 7.5, -7.5, 0.3, INF, 5.0, -5.0, 5.0, 0.0)
b = leaf(2.0, 2.0, -2.0, -2.0, 0.1, 2.0, INF, INF, 0.0, 0.0)
show('remainder', torch.remainder, leaf(7.5, -7.5, 7.5, -7.5), leaf(2.0, 2.0, -2.0, -2.0))
show('remainder of special numbers', lambda a, b: torch.remainder(a.detach(), b.detach()), a, b)
show('floor_divide', lambda a, b: torch.floor_divide(a.detach(), b.detach()), a, b)

x = leaf(0.0, 1.0, 2.0, 3.0, 4.0, NAN, 5.0, 5.0, 1.0, 6.5)
low = leaf(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, NAN, 7.0, 7.0, 7.0)
high = leaf(3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 6.0, 6.0, 6.0, 6.0)
show('clamp to tensors', torch.clamp, x, low, high)
show('clamp to a tensor and a number', lambda x, a: x.clamp(a, torch.tensor(3.0)), ramp(2, 3), ramp(3, phase=2.0))
show('clamp at NaN', lambda x: x.clamp(-1.0, 2.0), leaf(NAN, 1.0))

show('slice with a step', lambda x: x[:, -7:-1:3], ramp(2, 9))
show('slice past the end with a step', lambda x: x[2:100:4], ramp(9))
at = torch.tensor([[0, 2], [1, 0]])
show('scatter', lambda x, s: x.scatter(1, at, s), ramp(2, 3), ramp(2, 2, phase=2.0))
show('scatter of a number', lambda x: x.scatter(0, at[:, :1] // 2, 0.5), ramp(2, 3))
show('flip of two axes', lambda x: x.flip(0, -1), ramp(2, 2, 3))

m, n = torch.tensor([7, -7, 7, -7, 0, 5]), torch.tensor([2, 2, -2, -2, 3, -5])
for name in ('add', 'sub', 'mul', 'floor_divide', 'remainder', 'minimum', 'maximum'):
    show(f'{name} of i64', getattr(torch, name), m, n)
show('abs, neg and clamp of i64', lambda m: m.abs() - (-m) * m.clamp(-3, 5), m)
for name in ('sum', 'prod', 'amax', 'amin'):
    show(f'{name} of i64', lambda m: getattr(m.reshape(2, 3), name)(1), m)
show('cumsum of i64', lambda m: m.reshape(2, 3).cumsum(0), m)
show('argmax of i64', lambda m: m.argmax(0), m)
end()
