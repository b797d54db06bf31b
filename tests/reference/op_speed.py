#!/usr/bin/env python3
"""Times ops with PyTorch and with `gradus bench ops` in alternating rounds, and prints the ratios:

    tests/reference/op_speed.py GRADUS [--ops exp,gelu] [--threads N] [--rounds R] [--seconds S]

Operands, sizes and passes are those of `gradus bench ops`: forward without a graph, and forward with backward from a gradient of ones.
Times are microseconds, medians of a round; a ratio is the median over the rounds of PyTorch's time by gradus's.
"""
import argparse
import statistics
import subprocess
import time

import torch
from torch.nn import functional as F

# The name in `gradus bench ops`, the length of the last axis (0: one axis), and the op.
OPS = {
    'add': (0, lambda x, o: x + o['other']),
    'mul': (0, lambda x, o: x * o['other']),
    'tanh': (0, lambda x, o: torch.tanh(x)),
    'exp': (0, lambda x, o: torch.exp(x)),
    'sigmoid': (0, lambda x, o: torch.sigmoid(x)),
    'relu': (0, lambda x, o: torch.relu(x)),
    'gelu': (0, lambda x, o: F.gelu(x)),
    'gelu_tanh': (0, lambda x, o: F.gelu(x, approximate='tanh')),
    'softmax1024': (1024, lambda x, o: torch.softmax(x, -1)),
    'layer_norm512': (512, lambda x, o: F.layer_norm(x, (512,), o['ones'], o['zeros'])),
    'cross_entropy1024': (1024, lambda x, o: F.cross_entropy(x, o['target'])),
    'sum': (0, lambda x, o: x.sum()),
    'sum_last512': (512, lambda x, o: x.sum(-1)),
    'sum_first512': (512, lambda x, o: x.sum(0)),
    'add_bias512': (512, lambda x, o: x + o['bias']),
}
SIZES = (1024, 65536, 4194304)


def median_time(run, seconds):
    """Microseconds per call: the median over at least 5 samples, each of some 50 microseconds or more."""
    run()
    begin = time.perf_counter()
    run()
    calls = max(1, int(5e-5 / (time.perf_counter() - begin)))
    samples, end = [], time.perf_counter() + seconds
    while len(samples) < 5 or time.perf_counter() < end:
        begin = time.perf_counter()
        for _ in range(calls):
            run()
        samples.append((time.perf_counter() - begin) / calls)
    return 1e6 * statistics.median(samples)


def peer_times(name, n, seconds):
    row, f = OPS[name]
    shape = (n // row, row) if row else (n,)
    x = torch.randn(shape)
    operands = {'other': torch.randn(shape), 'bias': torch.randn(512), 'ones': torch.ones(512), 'zeros': torch.zeros(512),
                'target': torch.randint(0, 1024, shape[:1])}
    leaf = x.clone().requires_grad_()
    seed = torch.ones_like(f(x, operands))

    def forward():
        with torch.no_grad():
            f(x, operands)

    def both():
        leaf.grad = None
        f(leaf, operands).backward(seed)

    return median_time(forward, seconds), median_time(both, seconds)


def gradus_times(program, name, threads, seconds):
    """{size: (forward, forward and backward)}"""
    lines = subprocess.run([program, 'bench', 'ops', '--part', 'ops', '--filter', name, '--threads', str(threads), '--seconds',
                            str(seconds)], check=True, capture_output=True, text=True).stdout.splitlines()
    words = [line.split() for line in lines if line.split()[0] == name]
    return {int(w[1]): (float(w[3]), float(w[5])) for w in words}


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
    print('%-18s %8s' % ('# op', 'elements'),
          ''.join('%10s%10s%7s' % (f'{p}_gradus', f'{p}_torch', 'ratio') for p in ('fwd', 'fb')))
    for name in args.ops.split(','):
        rounds = []
        for _ in range(args.rounds):
            ours = gradus_times(args.gradus, name, args.threads, args.seconds)
            rounds.append((ours, {n: peer_times(name, n, args.seconds) for n in SIZES}))
        for n in SIZES:
            columns = ''
            for k in range(2):
                mine, theirs = [ours[n][k] for ours, _ in rounds], [peer[n][k] for _, peer in rounds]
                ratio = statistics.median(b / a for a, b in zip(mine, theirs))
                columns += '%10.1f%10.1f%7.2f' % (statistics.median(mine), statistics.median(theirs), ratio)
            print('%-18s %8d' % (name, n), columns, flush=True)


if __name__ == '__main__':
    main()
