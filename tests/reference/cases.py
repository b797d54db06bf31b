"""Cases for tests/torch_comparison.h, computed by PyTorch (Debian: python3-torch) in double precision.

Inputs are formulas, so that C++ and Python need no common files: element i of an input is sin(0.53 i + phase). A case
prints its result, then the gradient of each input, for the seed cos(0.17 i).
"""
import math
import textwrap

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

INF, NAN = math.inf, math.nan


def ramp(*shape, phase=1.0):
    n = math.prod(shape)
    return torch.sin(0.53 * torch.arange(n).double() + phase).reshape(shape).requires_grad_()


def leaf(*values):
    return torch.tensor(values, dtype=torch.float64).requires_grad_()


def number(v):
    if math.isnan(v):
        return 'NAN'
    if math.isinf(v):
        return 'INFINITY' if v > 0 else '-INFINITY'
    return repr(v)


def begin():
    print('const TorchNumbers expected{')


def end():
    print('};')


def show(name, f, *inputs):
    y = f(*inputs)
    values = y.detach().double().reshape(-1).tolist()
    if y.requires_grad:
        seed = torch.cos(0.17 * torch.arange(y.numel()).double()).reshape(y.shape)
        for g in torch.autograd.grad(y, [x for x in inputs if x.requires_grad], seed):
            values += g.reshape(-1).tolist()
    case = f'{{"{name}", {{{", ".join(number(v) for v in values)}}}}},'
    print('\n'.join(textwrap.wrap(case, 120, initial_indent='    ', subsequent_indent='     ',
                                  break_long_words=False, break_on_hyphens=False)))
