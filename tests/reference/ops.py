#!/usr/bin/python3
"""Prints the numbers of tests/autograd_reference_test.cpp, computed by PyTorch (Debian: python3-torch) in double
precision.
"""
import torch
from torch.nn import functional as F

from cases import INF, NAN, begin, end, leaf, ramp, show

begin()
for correction in (0, 1, 2):
    show(f'var, correction {correction}', lambda x: x.var((0, 2), correction=correction), ramp(2, 3, 2))
show('var of one element', lambda x: x.var(1), ramp(2, 1))
show('gelu', F.gelu, leaf(-3.0, -0.7, 0.0, 0.5, 4.0))
show('gelu by tanh', lambda x: F.gelu(x, approximate='tanh'), leaf(-3.0, -0.7, 0.0, 0.5, 4.0))
show('softplus', F.softplus, leaf(-30.0, -1.0, 0.0, 2.0, 19.0))
show('silu', F.silu, leaf(-20.0, -1.0, 0.0, 2.0, 30.0))
show('relu', F.relu, leaf(-1.0, 0.0, 2.0))
show('abs', torch.abs, leaf(-1.0, 0.0, 2.0))
show('erf, expm1, log1p', lambda x: torch.erf(x) + torch.expm1(x) * torch.log1p(x), leaf(-0.9, 1e-9, 0.0, 2.0))
show('rsqrt and reciprocal', lambda x: torch.rsqrt(x) + torch.reciprocal(x), leaf(0.01, 1.0, 7.0))
show('layer_norm', lambda x, w, b: F.layer_norm(x, (4,), w, b, 1e-5), ramp(3, 4), ramp(4, phase=2.0),
     ramp(4, phase=3.0))
show('layer_norm of a constant row', lambda x: F.layer_norm(x, (3,), None, None, 1e-5), leaf([2.0, 2.0, 2.0]))

target = torch.tensor([2, 0, 1, 2])
weight = torch.tensor([0.5, 2.0, 1.2])
for reduction in ('none', 'mean', 'sum'):
    for smoothing in (0.0, 0.1):
        for weighted in (False, True):
            show(f'cross_entropy {reduction}, smoothing {smoothing}{", weighted" if weighted else ""}',
                 lambda x: F.cross_entropy(x, target, weight if weighted else None, ignore_index=1,
                                           reduction=reduction, label_smoothing=smoothing), ramp(4, 3))
for reduction in ('none', 'mean', 'sum'):
    show(f'mse_loss {reduction}', lambda x, y: F.mse_loss(x, y, reduction=reduction), ramp(2, 2), ramp(2, 2, phase=2.0))

ties = [3.0, 1.0, 3.0, 0.0, 2.0, 2.0, 2.0, -1.0]
show('max of ties', lambda x: x.reshape(2, 4).amax(1), leaf(*ties))
show('min of ties', lambda x: x.reshape(2, 4).amin(0), leaf(*ties))
show('max of all, of ties', lambda x: x.amax(), leaf(*ties))
show('max with NaN', lambda x: x.detach().reshape(2, 2).amax(1), leaf(1.0, NAN, 2.0, 3.0))
show('min with NaN', lambda x: x.detach().reshape(2, 2).amin(1), leaf(NAN, 1.0, 2.0, 3.0))
show('argmax of ties', lambda x: x.reshape(2, 4).argmax(1), leaf(*ties))
show('argmax with NaN', lambda x: x.reshape(2, 4).argmax(1), leaf(1.0, NAN, 5.0, NAN, 4.0, 3.0, -INF, INF))
show('maximum of ties', torch.maximum, leaf(1.0, 2.0, 3.0), leaf(1.0, 3.0, 2.0))
show('minimum of ties', torch.minimum, leaf(1.0, 2.0, 3.0), leaf(1.0, 3.0, 2.0))
show('maximum with NaN', lambda a, b: torch.maximum(a, b).detach(), leaf(NAN, 1.0), leaf(1.0, NAN))
show('minimum with NaN', lambda a, b: torch.minimum(a, b).detach(), leaf(NAN, 1.0), leaf(1.0, NAN))
show('clamp', lambda x: x.clamp(-1.0, 2.0), leaf(-2.0, -1.0, 0.0, 2.0, 3.0))
show('clamp of infinities and NaN', lambda x: x.detach().clamp(-1.0, 2.0), leaf(-INF, INF, NAN))

for exponent in (0.0, 1.0, 2.0, 3.0, -1.0, 0.5, -0.5):
    show(f'pow {exponent}', lambda x: x.pow(exponent), leaf(0.5, 1.0, 2.5))
for exponent in (0.0, 1.0, 2.0, 3.0):
    show(f'pow {exponent} of 0 and below', lambda x: x.pow(exponent), leaf(0.0, -1.5))
show('pow of a negative number by a fraction', lambda x: x.detach().pow(0.5), leaf(-1.5))
show('pow of tensors', torch.pow, leaf(0.5, 2.0, 0.0, 0.0, 0.0), leaf(1.5, -2.0, 0.0, 2.0, 0.5))
show('pow of negative bases by whole tensors', lambda x: x.pow(torch.tensor([2.0, 3.0, -1.0])), leaf(-1.5, -2.0, -0.5))
show('sqrt at 0', torch.sqrt, leaf(0.0, 4.0))

show('softmax', lambda x: x.softmax(-1), ramp(2, 3))
show('log_softmax', lambda x: x.log_softmax(0), ramp(3, 2))
show('logsumexp', lambda x: x.logsumexp(1), ramp(2, 3))
show('logsumexp of infinities', lambda x: x.detach().logsumexp(0), leaf(-INF, -INF))
show('logsumexp with an infinity', lambda x: x.detach().logsumexp(0), leaf(INF, 1.0))
show('cumsum', lambda x: x.cumsum(1), ramp(2, 4))

index = torch.tensor([[0, 2], [2, 1], [0, 0]])
show('gather', lambda x: x.gather(1, index), ramp(3, 3))
show('scatter_add', lambda x, s: x.scatter_add(1, index, s), ramp(3, 3), ramp(3, 2, phase=2.0))
show('index_select', lambda x: x.index_select(1, torch.tensor([2, 0, 2])), ramp(2, 3))
show('embedding', lambda w: F.embedding(torch.tensor([[1, 0], [1, 1]]), w), ramp(3, 2))
show('conv2d', lambda x, w, b: F.conv2d(x, w, b), ramp(2, 2, 3, 3), ramp(2, 2, 2, 2, phase=2.0), ramp(2, phase=3.0))
show('conv2d, stride 2, padding 1', lambda x, w: F.conv2d(x, w, None, 2, 1), ramp(1, 2, 4, 3),
     ramp(2, 2, 3, 2, phase=2.0))
show('unfold', lambda x: F.unfold(x, (2, 3), stride=2, padding=1).transpose(1, 2), ramp(1, 2, 3, 4))
show('matmul of batches', torch.matmul, ramp(2, 1, 2, 3), ramp(2, 3, 2, phase=2.0))
show('linear', F.linear, ramp(2, 3), ramp(2, 3, phase=2.0), ramp(2, phase=3.0))
mask = torch.tensor([[True, True, False], [True, False, True]])
show('attention', lambda q, k, v: ((q @ k.transpose(1, 2)) / 2.0).masked_fill(~mask, -INF).softmax(-1) @ v,
     ramp(1, 2, 4), ramp(1, 3, 4, phase=2.0), ramp(1, 3, 2, phase=3.0))
show('a where with an infinite branch', lambda x: torch.where(x > 0, x * x, torch.tensor(-INF)), leaf(1.0, -1.0))
end()
