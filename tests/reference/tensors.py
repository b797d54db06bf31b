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
end()
