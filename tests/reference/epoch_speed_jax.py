#!/usr/bin/env python3
"""The same as epoch_speed.py with JAX: a jit of the whole step for each shape, whose lengths are multiples of 4.

    tests/reference/epoch_speed_jax.py rnn-attention batches.jsonl [--multiple N] [--unroll N] [--steps N]

Recurrent networks are lax.scan, with states that padding does not change. All shapes are compiled before the epoch.
"""
import argparse
import math
import os
import time

import epoch_batches

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument('model', choices=['rnn', 'rnn-attention', 'transformer'])
parser.add_argument('batches')
parser.add_argument('--multiple', type=int, default=4, help='lengths are padded to multiples of this')
parser.add_argument('--unroll', type=int, default=1, help='time steps of a scan in one turn of its loop')
parser.add_argument('--dropout', type=float, default=0.3)
parser.add_argument('--steps', type=int, default=0, help='only the first batches')
args = parser.parse_args()
os.environ['JAX_PLATFORMS'] = 'cpu'

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax import lax  # noqa: E402

DIM, HIDDEN, FFN, HEADS, LAYERS, LR = 128, 256, 512, 4, 3, 0.001
PAD = epoch_batches.PAD

batches = epoch_batches.read(args.batches, args.steps, args.multiple)
source_words, target_words = epoch_batches.vocabularies(batches)
random = np.random.default_rng(1)
P = {}


def linear_parameters(name, inputs, outputs, bias=True):
    bound = 1 / math.sqrt(inputs)
    P[name + '.w'] = random.uniform(-bound, bound, (inputs, outputs)).astype(np.float32)
    if bias:
        P[name + '.b'] = np.zeros(outputs, np.float32)


def norm_parameters(name):
    P[name + '.w'], P[name + '.b'] = np.ones(DIM, np.float32), np.zeros(DIM, np.float32)


P['source'] = random.standard_normal((source_words, DIM)).astype(np.float32)
P['target'] = random.standard_normal((target_words, DIM)).astype(np.float32)
if args.model == 'transformer':
    for side, layers in (('encoder', ['self']), ('decoder', ['self', 'cross'])):
        for i in range(LAYERS):
            for part in layers:
                for matrix in ('q', 'k', 'v', 'o'):
                    linear_parameters(f'{side}{i}.{part}.{matrix}', DIM, DIM)
                norm_parameters(f'{side}{i}.{part}.norm')
            linear_parameters(f'{side}{i}.in', DIM, FFN)
            linear_parameters(f'{side}{i}.out', FFN, DIM)
            norm_parameters(f'{side}{i}.norm')
        norm_parameters(side)
    linear_parameters('output', DIM, target_words)
else:
    for direction in ('forward', 'backward', 'decoder'):
        linear_parameters(direction + '.x', DIM, 3 * HIDDEN)
        linear_parameters(direction + '.h', HIDDEN, 3 * HIDDEN)
    linear_parameters('bridge', 2 * HIDDEN, HIDDEN)
    if args.model == 'rnn-attention':
        linear_parameters('context', 2 * HIDDEN, 3 * HIDDEN, False)
        linear_parameters('key', 2 * HIDDEN, HIDDEN, False)
        linear_parameters('query', HIDDEN, HIDDEN)
        linear_parameters('score', HIDDEN, 1, False)
    linear_parameters('output', 3 * HIDDEN if args.model == 'rnn-attention' else HIDDEN, target_words)


def linear(p, name, x):
    y = x @ p[name + '.w']
    return y + p[name + '.b'] if name + '.b' in p else y


def drop(x, key):
    keep = 1 - args.dropout
    return jnp.where(jax.random.bernoulli(key, keep, x.shape), x / keep, 0) if args.dropout else x


def gru(gates, of_state, h):
    xr, xz, xn = jnp.split(gates, 3, 1)
    hr, hz, hn = jnp.split(of_state, 3, 1)
    z = jax.nn.sigmoid(xz + hz)
    return (1 - z) * jnp.tanh(xn + jax.nn.sigmoid(xr + hr) * hn) + z * h


def encode_one_way(p, name, x, tokens, reverse):
    """x [time, batch, dim], tokens [time, batch, 1]"""
    def step(h, now):
        gates, is_token = now
        h = jnp.where(is_token, gru(gates, linear(p, name + '.h', h), h), h)
        return h, h
    zero = jnp.zeros((x.shape[1], HIDDEN))
    return lax.scan(step, zero, (linear(p, name + '.x', x), tokens), reverse=reverse, unroll=args.unroll)


def recurrent(p, source, target, keys):
    x = drop(p['source'][source.T], keys[0])
    tokens = (source.T != PAD)[:, :, None]
    last, h = zip(*(encode_one_way(p, name, x, tokens, name == 'backward') for name in ('forward', 'backward')))
    s = jnp.tanh(linear(p, 'bridge', jnp.concatenate(last, 1)))
    gates = linear(p, 'decoder.x', drop(p['target'][target.T], keys[1]))
    if args.model == 'rnn':
        def step(s, x):
            s = gru(x, linear(p, 'decoder.h', s), s)
            return s, s
        read = lax.scan(step, s, gates, unroll=args.unroll)[1]
    else:
        h = jnp.concatenate(h, 2).transpose(1, 0, 2)  # [batch, time, 2 * hidden]
        key, outside = linear(p, 'key', h), source == PAD

        def step(state, x):
            s, c = state
            s = gru(x + linear(p, 'context', c), linear(p, 'decoder.h', s), s)
            scores = linear(p, 'score', jnp.tanh(key + linear(p, 'query', s)[:, None]))[:, :, 0]
            alpha = jax.nn.softmax(jnp.where(outside, -jnp.inf, scores), 1)
            c = jnp.einsum('bs,bsd->bd', alpha, h)
            return (s, c), jnp.concatenate([s, c], 1)
        read = lax.scan(step, (s, jnp.zeros((s.shape[0], 2 * HIDDEN))), gates, unroll=args.unroll)[1]
    return linear(p, 'output', drop(read.transpose(1, 0, 2), keys[2]))


def norm(p, name, x):
    mean = x.mean(-1, keepdims=True)
    variance = jnp.square(x - mean).mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * p[name + '.w'] + p[name + '.b']


def attend(p, name, x, to, mask):
    split = lambda y: y.reshape(*y.shape[:2], HEADS, DIM // HEADS)  # noqa: E731
    q, k, v = split(linear(p, name + '.q', x)), split(linear(p, name + '.k', to)), split(linear(p, name + '.v', to))
    return linear(p, name + '.o', jax.nn.dot_product_attention(q, k, v, mask=mask).reshape(x.shape))


def positions(length):
    at = np.arange(length)[:, None]
    rate = np.exp(np.arange(0, DIM, 2) * (-math.log(10000.0) / DIM))
    table = np.zeros((length, DIM), np.float32)
    table[:, 0::2], table[:, 1::2] = np.sin(at * rate), np.cos(at * rate)
    return table


def transformer(p, source, target, keys):
    keys = iter(keys)
    over_source = (source != PAD)[:, None, None, :]
    up_to = jnp.tril(jnp.ones((1, 1, target.shape[1], target.shape[1]), bool))

    def sublayers(side, i, y, parts):
        for part, to, mask in parts:
            x = norm(p, f'{side}{i}.{part}.norm', y)
            y = y + drop(attend(p, f'{side}{i}.{part}', x, x if to is None else to, mask), next(keys))
        hidden = drop(jax.nn.relu(linear(p, f'{side}{i}.in', norm(p, f'{side}{i}.norm', y))), next(keys))
        return y + drop(linear(p, f'{side}{i}.out', hidden), next(keys))
    x = drop(p['source'][source] + positions(source.shape[1]), next(keys))
    for i in range(LAYERS):
        x = sublayers('encoder', i, x, [('self', None, over_source)])
    x = norm(p, 'encoder', x)
    y = drop(p['target'][target] + positions(target.shape[1]), next(keys))
    for i in range(LAYERS):
        y = sublayers('decoder', i, y, [('self', None, up_to), ('cross', x, over_source)])
    return linear(p, 'output', drop(norm(p, 'decoder', y), next(keys)))


def loss_of(p, source, target, out, key):
    logits = (transformer if args.model == 'transformer' else recurrent)(p, source, target, jax.random.split(key, 32))
    each = jax.nn.logsumexp(logits, -1) - jnp.take_along_axis(logits, out[..., None], -1)[..., 0]
    return jnp.where(out != PAD, each, 0).sum() / (out != PAD).sum()


@jax.jit
def step(state, source, target, out):
    p, m, v, t = state
    loss, g = jax.value_and_grad(loss_of)(p, source, target, out, jax.random.fold_in(jax.random.key(1), t))
    t = t + 1
    norm_ = jnp.sqrt(sum(jnp.square(x).sum() for x in g.values()))
    g = {k: x * jnp.minimum(1, 1 / (norm_ + 1e-6)) for k, x in g.items()}
    m = {k: 0.9 * m[k] + 0.1 * x for k, x in g.items()}
    v = {k: 0.999 * v[k] + 0.001 * x * x for k, x in g.items()}
    p = {k: w - LR * (m[k] / (1 - 0.9**t)) / (jnp.sqrt(v[k] / (1 - 0.999**t)) + 1e-8) for k, w in p.items()}
    return (p, m, v, t), loss


arrays = [tuple(jnp.asarray(x, jnp.int32) for x in (b.source, b.target, b.out)) for b in batches]
zeros = {k: jnp.zeros_like(x) for k, x in P.items()}
first = ({k: jnp.asarray(x) for k, x in P.items()}, zeros, zeros, jnp.zeros((), jnp.int32))
begin = time.perf_counter()
shapes = {b.shape(): a for b, a in zip(batches, arrays)}
for a in shapes.values():
    step(first, *a)[1].block_until_ready()
compiled = time.perf_counter() - begin
state, times, losses = first, [], []
for a in arrays:
    begin = time.perf_counter()
    state, loss = step(state, *a)
    losses.append(float(loss))
    times.append(time.perf_counter() - begin)
epoch_batches.report(args.model, len(os.sched_getaffinity(0)), batches, times, losses, sum(x.size for x in P.values()),
                     f'jax={jax.__version__} shapes={len(shapes)} compile_s={compiled:.0f}')
