#!/usr/bin/python3
"""Prints the numbers of tests/autograd_convolution_reference_test.cpp and tests/nn_convolution_test.cpp, computed by
PyTorch (Debian: python3-torch) in double precision: convolutions, pooling and norms of images.

Inputs are formulas, so that C++ and Python need no common files: element i of input k is sin(0.53 i + k + 1). A case
gives a digest of the result, then of the gradient of each input, for the seed cos(0.17 i). The digest of a tensor t is
sum_i t_i cos(0.17 i).
"""
import math

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def ramps(*shapes):
    tensors = []
    for k, shape in enumerate(shapes):
        i = torch.arange(math.prod(shape)).double()
        tensors.append(torch.sin(0.53 * i + k + 1).reshape(shape).requires_grad_())
    return tensors


def seed(t):
    return torch.cos(0.17 * torch.arange(t.numel()).double()).reshape(t.shape)


def digest(t):
    return (t.double() * seed(t)).sum().item()


def show(name, f, *shapes):
    inputs = ramps(*shapes)
    results = f(*inputs)
    results = results if isinstance(results, tuple) else (results,)
    y = results[0]
    gradients = torch.autograd.grad(y, inputs, seed(y))
    numbers = [digest(t.detach()) for t in (*results, *gradients)]
    print(f'    {{"{name}", {{{", ".join(repr(v) for v in numbers)}}}}},')


print('const std::map<std::string, std::vector<double>> expected{')
show('conv1d', F.conv1d, (2, 3, 9), (4, 3, 3), (4,))
show('conv1d, options', lambda x, w, b: F.conv1d(x, w, b, 2, 3, 2, 2), (2, 4, 9), (6, 2, 3), (6,))
show('conv2d', F.conv2d, (2, 3, 7, 6), (4, 3, 3, 2), (4,))
show('conv2d, stride 2, padding 1', lambda x, w: F.conv2d(x, w, None, 2, 1), (2, 3, 7, 6), (4, 3, 3, 3))
show('conv2d, numbers per axis', lambda x, w, b: F.conv2d(x, w, b, (2, 1), (1, 4), (1, 3)), (2, 3, 7, 6), (4, 3, 3, 2),
     (4,))
show('conv2d, groups', lambda x, w, b: F.conv2d(x, w, b, 1, 1, 1, 2), (2, 4, 7, 6), (6, 2, 3, 3), (6,))
show('conv2d, a kernel per channel', lambda x, w, b: F.conv2d(x, w, b, 2, 2, 2, 4), (2, 4, 9, 8), (8, 1, 3, 3), (8,))
show('conv2d, a kernel of one pixel', F.conv2d, (2, 5, 4, 6), (3, 5, 1, 1), (3,))
show('conv2d, one pixel, stride 2', lambda x, w, b: F.conv2d(x, w, b, 2), (2, 5, 4, 6), (3, 5, 1, 1), (3,))
show('conv2d, several blocks of rows', lambda x, w, b: F.conv2d(x, w, b, 1, 1), (1, 20, 14, 37), (5, 20, 3, 3), (5,))
show('conv_transpose1d', F.conv_transpose1d, (2, 3, 5), (3, 4, 3), (4,))
show('conv_transpose1d, options', lambda x, w, b: F.conv_transpose1d(x, w, b, 3, 2, 1, 2, 2), (2, 4, 5), (4, 3, 3),
     (6,))
show('conv_transpose2d', F.conv_transpose2d, (2, 3, 4, 5), (3, 4, 3, 2), (4,))
show('conv_transpose2d, stride 2, padding 1, output padding 1',
     lambda x, w: F.conv_transpose2d(x, w, None, 2, 1, 1), (2, 3, 4, 5), (3, 4, 3, 3))
show('conv_transpose2d, numbers per axis',
     lambda x, w, b: F.conv_transpose2d(x, w, b, (2, 3), (1, 0), (1, 2), 1, (1, 2)), (2, 3, 4, 5), (3, 4, 3, 2), (4,))
show('conv_transpose2d, groups', lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 0, 0, 2), (2, 4, 4, 5), (4, 3, 2, 2),
     (6,))
show('conv_transpose2d, output padding above the stride',
     lambda x, w: F.conv_transpose2d(x, w, None, 1, 0, 2, 1, 3), (1, 2, 3, 3), (2, 2, 2, 2))
show('conv_transpose2d, a kernel of one pixel', F.conv_transpose2d, (2, 5, 4, 6), (5, 3, 1, 1), (3,))

show('max_pool1d', lambda x: F.max_pool1d(x, 2), (2, 3, 9))
show('max_pool1d, options', lambda x: F.max_pool1d(x, 3, 2, 1, 2, True), (2, 3, 12))
show('max_pool2d', lambda x: F.max_pool2d(x, 2, return_indices=True), (2, 3, 6, 7))
show('max_pool2d, overlapping', lambda x: F.max_pool2d(x, (3, 2), 1, (1, 0), return_indices=True), (2, 3, 6, 7))
show('max_pool2d, numbers per axis',
     lambda x: F.max_pool2d(x, (2, 3), (3, 2), (1, 1), (2, 1), ceil_mode=True, return_indices=True), (2, 3, 8, 8))
show('max_pool2d, ceil_mode', lambda x: F.max_pool2d(x, 3, 3, 1, ceil_mode=True, return_indices=True), (2, 3, 8, 6))
show('avg_pool1d', lambda x: F.avg_pool1d(x, 2), (2, 3, 9))
show('avg_pool1d, options', lambda x: F.avg_pool1d(x, 3, 2, 1, True, False), (2, 3, 12))
show('avg_pool2d', lambda x: F.avg_pool2d(x, 2), (2, 3, 6, 7))
show('avg_pool2d, overlapping', lambda x: F.avg_pool2d(x, (3, 2), 1, (1, 0)), (2, 3, 6, 7))
for counted in (True, False):
    show(f'avg_pool2d, ceil_mode, {"with" if counted else "without"} padding',
         lambda x: F.avg_pool2d(x, (3, 4), (3, 2), (1, 2), True, counted), (2, 3, 9, 8))
show('avg_pool2d, wide windows', lambda x: F.avg_pool2d(x, (2, 40)), (1, 2, 4, 81))
show('adaptive_avg_pool1d', lambda x: F.adaptive_avg_pool1d(x, 4), (2, 3, 9))
show('adaptive_avg_pool2d', lambda x: F.adaptive_avg_pool2d(x, (3, 5)), (2, 3, 8, 7))
show('adaptive_avg_pool2d, one position', lambda x: F.adaptive_avg_pool2d(x, 1), (2, 3, 8, 7))
show('adaptive_avg_pool2d, more positions than pixels', lambda x: F.adaptive_avg_pool2d(x, (7, 4)), (2, 3, 3, 3))


def with_running(x, w, b, momentum):
    mean, var = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([0.5, 1.0, 2.0])
    return F.batch_norm(x, mean, var, w, b, True, momentum, 1e-5), mean, var


show('batch_norm, training', lambda x, w, b: with_running(x, w, b, 0.1), (4, 3), (3,), (3,))
show('batch_norm, training, images', lambda x, w, b: with_running(x, w, b, 0.3), (4, 3, 5, 7), (3,), (3,))
show('batch_norm, training, without weights', lambda x: F.batch_norm(x, None, None, training=True, eps=0.1), (4, 3, 5))
show('batch_norm, running statistics',
     lambda x, w, b: F.batch_norm(x, torch.tensor([0.5, -1.0, 2.0]), torch.tensor([0.5, 1.0, 2.0]), w, b),
     (4, 3, 2, 2), (3,), (3,))
show('group_norm', lambda x, w, b: F.group_norm(x, 2, w, b), (2, 6, 3, 4), (6,), (6,))
show('group_norm, a group per channel', lambda x, w, b: F.group_norm(x, 6, w, b, 0.1), (2, 6, 3, 4), (6,), (6,))
show('instance_norm as group_norm', lambda x: F.instance_norm(x), (2, 6, 3, 4))
show('rms_norm', lambda x, w: x * torch.rsqrt((x * x).mean(-1, keepdim=True) + torch.finfo(x.dtype).eps) * w,
     (2, 3, 5), (5,))
print('};')


class Network(torch.nn.Module):
    """Element i of a parameter is 0.4 sin(0.37 i + the sum of the bytes of its path)."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 4, 3, 2, 1, bias=False)
        self.norm = torch.nn.BatchNorm2d(4)
        self.back = torch.nn.ConvTranspose2d(4, 6, 2, 2, groups=2)
        self.groups = torch.nn.GroupNorm(3, 6)
        self.line = torch.nn.Conv1d(6, 2, 3, dilation=2)
        with torch.no_grad():
            for path, p in self.named_parameters():
                p.copy_(0.4 * torch.sin(0.37 * torch.arange(p.numel()).double() + sum(path.encode())).reshape(p.shape))

    def forward(self, x):
        return self.line(self.groups(self.back(F.relu(self.norm(self.conv(x))))).flatten(2))


network = Network()
x, = ramps((3, 2, 6, 5))
trained = network(x)
used = network.eval()(x)
(trained * seed(trained)).sum().backward()
results = [trained, used, network.norm.running_mean, network.norm.running_var, x.grad]
results += [p.grad for p in network.parameters()]
print(f'const std::vector<double> expected{{{", ".join(repr(digest(t.detach())) for t in results)}}};')
