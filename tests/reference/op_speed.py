#!/usr/bin/env python3
"""Times ops with PyTorch and with `gradus bench ops --part every` in alternating rounds, and prints the ratios:

    tests/reference/op_speed.py GRADUS [--ops exp,gelu] [--threads N] [--rounds R] [--seconds S]

Operands and passes are those of bench/every_op.cpp: forward without a graph, and forward with backward from a gradient of ones.
A view of PyTorch is made contiguous. Times are microseconds, medians of a round; a ratio is the median over the rounds of PyTorch's
time by gradus's. Names that PyTorch has no single op for are left out.
"""
import argparse
import statistics
import subprocess
import time

import torch
from torch.nn import functional as F

COLUMNS, CHANNELS, SIDE, WIDTH = 512, 16, 16, 64
SIZES = (65536, 4194304)


def leaf(*shape):
    return torch.randn(shape).requires_grad_()


def between(low, high, *shape):
    return torch.rand(shape) * (high - low) + low


def rows(n):
    return (leaf(n // COLUMNS, COLUMNS),)


def images(n):
    return (leaf(n // (CHANNELS * SIDE * SIDE), CHANNELS, SIDE, SIDE),)


def signals(n):
    return (leaf(n // (CHANNELS * WIDTH), CHANNELS, WIDTH),)


def square_matrix(n):
    size = 1
    while 4 * size * size <= n:
        size *= 2
    return (leaf(size, size),)


def sequences(n):
    shape = (n // (WIDTH * COLUMNS), WIDTH, COLUMNS)
    return leaf(*shape), leaf(*shape), leaf(*shape)


def frames(n):
    batch = n // (WIDTH * 32)
    return (torch.randn(WIDTH, batch, 32).log_softmax(-1).requires_grad_(), torch.randint(1, 32, (batch, 16)),
            torch.full((batch,), WIDTH), torch.full((batch,), 16))


def one(n): return (leaf(n),)
def positive(n): return (between(0.5, 2, n).requires_grad_(),)
def two(n): return leaf(n), leaf(n)
def two_positive(n): return between(0.5, 2, n).requires_grad_(), between(0.5, 2, n).requires_grad_()
def plain(n): return (torch.randn(n),)
def two_plain(n): return torch.randn(n), torch.randn(n)
def with_mask(n): return leaf(n), torch.randn(n) > 0
def with_vectors(n): return *rows(n), leaf(COLUMNS), leaf(COLUMNS)
def with_ids(n): return *rows(n), torch.randint(COLUMNS, (n // COLUMNS,))
def with_row_ids(n): return *rows(n), torch.randint(n // COLUMNS, (n // COLUMNS,))
def with_places(n): return *rows(n), torch.randint(COLUMNS, (n // COLUMNS, COLUMNS)), *rows(n)
def log_rows(n): return rows(n)[0].detach().log_softmax(-1).requires_grad_(), with_ids(n)[1]
def distributions(n): return log_rows(n)[0], rows(n)[0].detach().softmax(-1)
def probabilities(n): return between(0.1, 0.9, n).requires_grad_(), torch.rand(n)
def with_target(n): return leaf(n), torch.randn(n)
def with_kernels(n): return *images(n), leaf(CHANNELS, CHANNELS, 3, 3), leaf(CHANNELS)
def with_channels(n): return *images(n), leaf(CHANNELS), leaf(CHANNELS)
def signals_with_kernels(n): return *signals(n), leaf(CHANNELS, CHANNELS, 3), leaf(CHANNELS)
def patches(n): return (leaf(n // (CHANNELS * SIDE * SIDE), CHANNELS * 9, SIDE * SIDE),)
def matrices(n): return *rows(n), leaf(COLUMNS, COLUMNS), leaf(COLUMNS)


def heads(x):
    return x.unflatten(-1, (8, -1)).transpose(1, 2)


# The name in bench/every_op.cpp, its operands, and the op.
OPS = {
    'add': (two, torch.add), 'sub': (two, torch.sub), 'mul': (two, torch.mul), 'div': (two_positive, torch.div),
    'add_scaled': (two, lambda x, y: torch.add(x, y, alpha=0.5)),
    'minimum': (two, torch.minimum), 'maximum': (two, torch.maximum), 'pow': (two_positive, torch.pow),
    'neg': (one, torch.neg), 'square': (one, torch.square),
    'remainder': (two_positive, torch.remainder), 'floor_divide': (two_plain, torch.floor_divide),
    'exp': (one, torch.exp), 'expm1': (one, torch.expm1), 'log': (positive, torch.log), 'log1p': (positive, torch.log1p),
    'sqrt': (positive, torch.sqrt), 'rsqrt': (positive, torch.rsqrt), 'reciprocal': (positive, torch.reciprocal),
    'sin': (one, torch.sin), 'cos': (one, torch.cos), 'erf': (one, torch.erf), 'tanh': (one, torch.tanh),
    'sigmoid': (one, torch.sigmoid), 'relu': (one, torch.relu), 'gelu': (one, F.gelu), 'silu': (one, F.silu),
    'softplus': (one, F.softplus), 'abs': (one, torch.abs), 'clamp': (one, lambda x: x.clamp(-1, 1)),
    'clamp_min': (one, lambda x: x.clamp_min(0)), 'clamp_max': (one, lambda x: x.clamp_max(0)),
    'floor': (one, torch.floor), 'ceil': (one, torch.ceil), 'round': (one, torch.round), 'trunc': (one, torch.trunc),
    'sign': (one, torch.sign),
    'leaky_relu': (one, F.leaky_relu), 'elu': (one, F.elu), 'celu': (one, F.celu), 'selu': (one, F.selu), 'mish': (one, F.mish),
    'log_sigmoid': (one, F.logsigmoid), 'hardtanh': (one, F.hardtanh), 'hardsigmoid': (one, F.hardsigmoid),
    'hardswish': (one, F.hardswish), 'glu': (rows, F.glu),
    'where': (with_mask, lambda x, m: torch.where(m, x, 0.0)), 'masked_fill': (with_mask, lambda x, m: x.masked_fill(m, 0)),
    'equal': (two_plain, torch.eq), 'not_equal': (two_plain, torch.ne), 'less': (two_plain, torch.lt),
    'less_equal': (two_plain, torch.le), 'greater': (two_plain, torch.gt), 'greater_equal': (two_plain, torch.ge),
    'logical_and': (two_plain, torch.logical_and), 'logical_or': (two_plain, torch.logical_or),
    'logical_xor': (two_plain, torch.logical_xor), 'logical_not': (plain, torch.logical_not),
    'isnan': (plain, torch.isnan), 'isinf': (plain, torch.isinf), 'isfinite': (plain, torch.isfinite),
    'isclose': (two_plain, torch.isclose),
    'transpose': (rows, lambda x: x.t().contiguous()), 'permute': (images, lambda x: x.permute(0, 2, 3, 1).contiguous()),
    'movedim': (images, lambda x: x.movedim(1, 3).contiguous()),
    'expand': (with_vectors, lambda x, v, _: v.expand(x.shape).contiguous()), 'sum_to': (rows, lambda x: x.sum_to_size(COLUMNS)),
    'narrow': (rows, lambda x: x.narrow(1, 0, COLUMNS // 2).contiguous()),
    'select': (rows, lambda x: x.select(1, 0).contiguous()), 'slice': (rows, lambda x: x[:, ::2].contiguous()),
    'pad': (rows, lambda x: F.pad(x, (1, 1))), 'flip': (rows, lambda x: x.flip(1)), 'roll': (rows, lambda x: x.roll(1, 1)),
    'split': (rows, lambda x: x.split(COLUMNS // 2, 1)[0].contiguous()), 'chunk': (rows, lambda x: x.chunk(2, 1)[0].contiguous()),
    'unbind': (rows, lambda x: [t.contiguous() for t in x.unbind(1)][0]),
    'concat': (two, lambda x, y: torch.cat((x, y))), 'stack': (two, lambda x, y: torch.stack((x, y), 1)),
    'repeat': (rows, lambda x: x.repeat(1, 2)), 'tile': (rows, lambda x: x.tile(2)),
    'repeat_interleave': (rows, lambda x: x.repeat_interleave(2, 1)),
    'to': (plain, lambda x: x.double()), 'clone': (one, torch.clone),
    'tril': (square_matrix, torch.tril), 'triu': (square_matrix, torch.triu),
    'diagonal': (square_matrix, lambda x: x.diagonal().contiguous()), 'trace': (square_matrix, torch.trace),
    'embedding': (with_row_ids, lambda x, i: F.embedding(i, x)), 'one_hot': (with_ids, lambda _, i: F.one_hot(i, COLUMNS)),
    'index_select': (with_row_ids, lambda x, i: x.index_select(0, i)),
    'index_add': (with_row_ids, lambda x, i: torch.zeros_like(x).index_add(0, i, x)),
    'gather': (with_places, lambda x, i, _: x.gather(1, i)), 'scatter': (with_places, lambda x, i, y: x.scatter(1, i, y)),
    'scatter_add': (with_places, lambda x, i, y: x.scatter_add(1, i, y)),
    'sum': (rows, lambda x: x.sum(-1)), 'mean': (rows, lambda x: x.mean(-1)), 'var': (rows, lambda x: x.var(-1)),
    'std': (rows, lambda x: x.std(-1)), 'norm': (rows, lambda x: x.norm(2, -1)), 'max': (rows, lambda x: x.amax(-1)),
    'min': (rows, lambda x: x.amin(-1)), 'max_with_indices': (rows, lambda x: x.max(-1)[0]),
    'min_with_indices': (rows, lambda x: x.min(-1)[0]), 'prod': (rows, lambda x: x.prod(-1)),
    'cumsum': (rows, lambda x: x.cumsum(-1)), 'cumprod': (rows, lambda x: x.cumprod(-1)),
    'argmax': (rows, lambda x: x.argmax(-1)), 'argmin': (rows, lambda x: x.argmin(-1)), 'any': (rows, lambda x: x.any(-1)),
    'all': (rows, lambda x: x.all(-1)), 'count_nonzero': (rows, lambda x: x.count_nonzero(-1)),
    'sort': (rows, lambda x: x.sort(dim=-1, stable=True)[0]), 'argsort': (rows, lambda x: x.argsort(dim=-1, stable=True)),
    'topk': (rows, lambda x: x.topk(8, -1)[0]),
    'softmax': (rows, lambda x: x.softmax(-1)), 'log_softmax': (rows, lambda x: x.log_softmax(-1)),
    'logsumexp': (rows, lambda x: x.logsumexp(-1)),
    'layer_norm': (with_vectors, lambda x, w, b: F.layer_norm(x, (COLUMNS,), w, b)),
    'rms_norm': (with_vectors, lambda x, w, _: F.rms_norm(x, (COLUMNS,), w)),
    'batch_norm': (with_channels, lambda x, w, b: F.batch_norm(x, None, None, w, b, True)),
    'group_norm': (with_channels, lambda x, w, b: F.group_norm(x, 4, w, b)), 'dropout': (one, lambda x: F.dropout(x, 0.5)),
    'matmul': (matrices, lambda x, y, _: x @ y), 'linear': (matrices, F.linear),
    'einsum': (matrices, lambda x, y, _: torch.einsum('ij,jk->ik', x, y)),
    'attention': (sequences, lambda q, k, v: F.scaled_dot_product_attention(heads(q), heads(k), heads(v)).transpose(1, 2).flatten(2)),
    'conv1d': (signals_with_kernels, lambda x, w, b: F.conv1d(x, w, b, padding=1)),
    'conv2d': (with_kernels, lambda x, w, b: F.conv2d(x, w, b, padding=1)),
    'conv_transpose1d': (signals_with_kernels, lambda x, w, b: F.conv_transpose1d(x, w, b, padding=1)),
    'conv_transpose2d': (with_kernels, lambda x, w, b: F.conv_transpose2d(x, w, b, padding=1)),
    'unfold': (images, lambda x: F.unfold(x, 3, padding=1)), 'fold': (patches, lambda x: F.fold(x, (SIDE, SIDE), 3, padding=1)),
    'max_pool1d': (signals, lambda x: F.max_pool1d(x, 2)), 'max_pool2d': (images, lambda x: F.max_pool2d(x, 2)),
    'max_pool2d_with_indices': (images, lambda x: F.max_pool2d(x, 2, return_indices=True)[0]),
    'avg_pool1d': (signals, lambda x: F.avg_pool1d(x, 2)), 'avg_pool2d': (images, lambda x: F.avg_pool2d(x, 2)),
    'adaptive_avg_pool1d': (signals, lambda x: F.adaptive_avg_pool1d(x, 4)),
    'adaptive_avg_pool2d': (images, lambda x: F.adaptive_avg_pool2d(x, 4)),
    'cross_entropy': (with_ids, F.cross_entropy), 'nll_loss': (log_rows, F.nll_loss),
    'binary_cross_entropy': (probabilities, F.binary_cross_entropy),
    'binary_cross_entropy_with_logits': (probabilities, F.binary_cross_entropy_with_logits),
    'mse_loss': (with_target, F.mse_loss), 'l1_loss': (with_target, F.l1_loss), 'smooth_l1_loss': (with_target, F.smooth_l1_loss),
    'huber_loss': (with_target, F.huber_loss), 'kl_div': (distributions, lambda x, p: F.kl_div(x, p, reduction='mean')),
    'ctc_loss': (frames, F.ctc_loss),
    'multinomial': (distributions, lambda _, p: torch.multinomial(p, 1)), 'bernoulli': (probabilities, lambda _, p: torch.bernoulli(p)),
    'rand_like': (plain, torch.rand_like), 'randn_like': (plain, torch.randn_like), 'zeros_like': (plain, torch.zeros_like),
    'ones_like': (plain, torch.ones_like), 'full_like': (plain, lambda x: torch.full_like(x, 2)),
    'eye': (square_matrix, lambda x: torch.eye(x.shape[0])), 'linspace': (plain, lambda x: torch.linspace(0, 1, x.shape[0])),
}


def median_time(run, seconds):
    """Microseconds per call: the median over at least 5 samples, each of some 200 microseconds or more."""
    run()
    begin = time.perf_counter()
    run()
    calls = max(1, int(2e-4 / (time.perf_counter() - begin)))
    samples, end = [], time.perf_counter() + seconds
    while len(samples) < 5 or time.perf_counter() < end:
        begin = time.perf_counter()
        for _ in range(calls):
            run()
        samples.append((time.perf_counter() - begin) / calls)
    return 1e6 * statistics.median(samples)


def peer_times(name, n, seconds):
    make, f = OPS[name]
    operands = make(n)
    leaves = [x for x in operands if x.requires_grad]

    def forward():
        with torch.no_grad():
            f(*operands)

    y = f(*operands)
    if not y.requires_grad:
        return median_time(forward, seconds), None
    seed = torch.ones_like(y)

    def both():
        for x in leaves:
            x.grad = None
        f(*operands).backward(seed)

    return median_time(forward, seconds), median_time(both, seconds)


def gradus_times(program, name, threads, seconds):
    """{size: (forward, forward and backward or None)}"""
    lines = subprocess.run([program, 'bench', 'ops', '--part', 'every', '--filter', name, '--threads', str(threads), '--seconds',
                            str(seconds)], check=True, capture_output=True, text=True).stdout.splitlines()
    words = [line.split() for line in lines if line.split()[0] == name]
    return {int(w[1]): (float(w[3]), None if w[5] == '-' else float(w[5])) for w in words}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('gradus')
    parser.add_argument('--ops', default=','.join(OPS))
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--seconds', type=float, default=0.2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    print(f'# torch {torch.__version__}, {args.threads} threads, {args.rounds} rounds; fwd, and fb: forward and backward')
    print('%-32s %8s' % ('# op', 'elements'),
          ''.join('%11s%11s%7s' % (f'{p}_gradus', f'{p}_torch', 'ratio') for p in ('fwd', 'fb')))
    for name in args.ops.split(','):
        rounds = []
        for _ in range(args.rounds):
            ours = gradus_times(args.gradus, name, args.threads, args.seconds)
            rounds.append((ours, {n: peer_times(name, n, args.seconds) for n in SIZES}))
        for n in SIZES:
            columns = ''
            for k in range(2):
                pairs = [(ours[n][k], peer[n][k]) for ours, peer in rounds]
                if None in pairs[0]:
                    columns += '%11s%11s%7s' % ('-', '-', '-')
                    continue
                mine, theirs = zip(*pairs)
                ratio = statistics.median(b / a for a, b in pairs)
                columns += '%11.1f%11.1f%7.2f' % (statistics.median(mine), statistics.median(theirs), ratio)
            print('%-32s %8d' % (name, n), columns, flush=True)


if __name__ == '__main__':
    main()
