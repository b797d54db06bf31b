#!/usr/bin/python3
"""Measures decoding with PyTorch (Debian: python3-torch) as `gradus bench decode MODEL SIZE` measures it with gradus:

    tests/reference/decode_speed.py transformer small [--threads N] [--seconds X]

The four models in the same sizes, on random parameters and sources, to outputs of a fixed length without end marks.
Decoding is written as in OpenNMT-py: one state that grows word by word, with kept keys and values; a beam that is a part
of the batch; topk over beam and words; index_select of the state by the chosen hypotheses.
"""
import argparse
import math
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

# vocabulary, dim, source and target length; then heads, layers and ffn of the transformer
SIZES = {'tiny': (64, 64, 16, 4, 2, 256), 'small': (128, 256, 24, 4, 2, 1024), 'base': (8000, 512, 32, 8, 3, 2048)}


def positions(length, dim):
    at = torch.arange(length).float()[:, None]
    rate = torch.exp(torch.arange(0, dim, 2).float() * (-math.log(10000.0) / dim))
    table = torch.zeros(length, dim)
    table[:, 0::2], table[:, 1::2] = torch.sin(at * rate), torch.cos(at * rate)
    return table


class Rnn(nn.Module):
    """Encoder and decoder of one layer of tanh cells."""

    def __init__(self, words, dim, length, *_):
        super().__init__()
        self.source, self.target = nn.Embedding(words, dim), nn.Embedding(words, dim)
        self.encoder, self.cell = nn.RNN(dim, dim, batch_first=True), nn.RNNCell(dim, dim)
        self.output = nn.Linear(dim, words)

    def encode(self, source):
        return [self.encoder(self.source(source))[1][0]]

    def step(self, word, state, t):
        state = [self.cell(self.target(word), state[0])]
        return self.output(state[0]), state


class RnnAttention(nn.Module):
    """The same with query-key-value attention to the encoder states; the context is an input of the next step."""

    def __init__(self, words, dim, length, *_):
        super().__init__()
        self.source, self.target = nn.Embedding(words, dim), nn.Embedding(words, dim)
        self.encoder, self.cell = nn.RNN(dim, dim, batch_first=True), nn.RNNCell(2 * dim, dim)
        self.query, self.key, self.value = (nn.Linear(dim, dim, bias=False) for _ in range(3))
        self.output = nn.Linear(2 * dim, words)

    def encode(self, source):
        h, last = self.encoder(self.source(source))
        return [last[0], torch.zeros_like(last[0]), self.key(h).transpose(1, 2).contiguous(), self.value(h)]

    def step(self, word, state, t):
        s, c, keys, values = state
        s = self.cell(torch.cat([self.target(word), c], 1), s)
        scores = torch.bmm(self.query(s)[:, None], keys) / math.sqrt(s.size(1))
        c = torch.bmm(scores.softmax(-1), values)[:, 0]
        return self.output(torch.cat([s, c], 1)), [s, c, keys, values]


class AttentionOnly(nn.Module):
    """One layer of attention of each target word, with its position, to the source."""

    def __init__(self, words, dim, length, *_):
        super().__init__()
        self.source, self.target = nn.Embedding(words, dim), nn.Embedding(words, dim)
        self.query, self.key, self.value = (nn.Linear(dim, dim, bias=False) for _ in range(3))
        self.output = nn.Linear(dim, words)
        self.register_buffer('positions', positions(length, dim))

    def encode(self, source):
        x = self.source(source) + self.positions[:source.size(1)]
        return [self.key(x).transpose(1, 2).contiguous(), self.value(x)]

    def step(self, word, state, t):
        keys, values = state
        x = self.target(word) + self.positions[t]
        scores = torch.bmm(self.query(x)[:, None], keys) / math.sqrt(x.size(1))
        return self.output(torch.bmm(scores.softmax(-1), values)[:, 0]), state


class DecoderLayer(nn.Module):
    def __init__(self, dim, heads, ffn):
        super().__init__()
        self.heads = heads
        self.own, self.own_out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.query, self.key_value, self.out = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, ffn), nn.Linear(ffn, dim)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3))

    def split(self, x):  # [batch, time, dim] -> [batch, heads, time, dim / heads]
        return x.view(x.size(0), x.size(1), self.heads, -1).transpose(1, 2)

    def attend(self, query, keys, values):  # -> [batch, 1, dim]
        scores = torch.matmul(self.split(query), keys.transpose(2, 3)) / math.sqrt(keys.size(3))
        return torch.matmul(scores.softmax(-1), values).transpose(1, 2).reshape(query.shape)

    def forward(self, x, past, source):
        query, key, value = self.own(self.norms[0](x)).chunk(3, -1)
        key, value = self.split(key), self.split(value)
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        x = x + self.own_out(self.attend(query, key, value))
        x = x + self.out(self.attend(self.query(self.norms[1](x)), *source))
        return x + self.down(F.relu(self.up(self.norms[2](x)))), (key, value)


class Transformer(nn.Module):
    def __init__(self, words, dim, length, heads, layers, ffn):
        super().__init__()
        self.source, self.target = nn.Embedding(words, dim), nn.Embedding(words, dim)
        layer = nn.TransformerEncoderLayer(dim, heads, ffn, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(dim))
        self.layers = nn.ModuleList(DecoderLayer(dim, heads, ffn) for _ in range(layers))
        self.norm, self.output = nn.LayerNorm(dim), nn.Linear(dim, words)
        self.register_buffer('positions', positions(length, dim))

    def encode(self, source):
        h = self.encoder(self.source(source) + self.positions[:source.size(1)])
        state = []
        for layer in self.layers:
            key, value = layer.key_value(h).chunk(2, -1)
            state += [layer.split(key).contiguous(), layer.split(value).contiguous()]
        return state

    def step(self, word, state, t):
        x = (self.target(word) + self.positions[t])[:, None]
        n = 2 * len(self.layers)
        source, past, new = state[:n], state[n:], []
        for i, layer in enumerate(self.layers):
            own = past[2 * i:2 * i + 2] if past else None
            x, kept = layer(x, own, source[2 * i:2 * i + 2])
            new += kept
        return self.output(self.norm(x)[:, 0]), source + new


MODELS = {'rnn': Rnn, 'rnn-attention': RnnAttention, 'attention': AttentionOnly, 'transformer': Transformer}


def greedy(model, source, length):
    state, word, words = model.encode(source), torch.ones(source.size(0), dtype=torch.long), []
    for t in range(length):
        logits, state = model.step(word, state, t)
        log_p = logits.log_softmax(-1)
        log_p[:, :2] = -math.inf  # never padding and the start mark
        word = log_p.argmax(-1)
        words.append(word)
    return torch.stack(words, 1)


def beam_search(model, source, length, beam):
    batch = source.size(0)
    state = [x.repeat_interleave(beam, 0) for x in model.encode(source)]
    word = torch.ones(batch * beam, dtype=torch.long)
    scores = torch.full((batch, beam), -math.inf)
    scores[:, 0] = 0
    first = torch.arange(batch)[:, None] * beam
    words = torch.empty(batch * beam, 0, dtype=torch.long)
    for t in range(length):
        logits, state = model.step(word, state, t)
        log_p = logits.log_softmax(-1)
        log_p[:, :2] = -math.inf
        total = (log_p.view(batch, beam, -1) + scores[:, :, None]).view(batch, -1)
        scores, best = total.topk(beam)
        rows = (first + torch.div(best, log_p.size(1), rounding_mode='floor')).view(-1)
        word = (best % log_p.size(1)).view(-1)
        words = torch.cat([words.index_select(0, rows), word[:, None]], 1)
        state = [x.index_select(0, rows) for x in state]
    return words.view(batch, beam, length)[:, 0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('model', choices=MODELS)
    parser.add_argument('size', choices=SIZES)
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--seconds', type=float, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    words, dim, length, heads, layers, ffn = SIZES[arguments.size]
    model = MODELS[arguments.model](words, dim, length, heads, layers, ffn).eval()
    print('# model       size   source target thr batch beam sentences/s ms/sentence')
    for batch, beam in ((1, 1), (1, 5), (64, 1), (64, 5)):
        sources = [torch.randint(4, words, (batch, length)) for _ in range(8)]
        rounds, begin = [], time.perf_counter()
        with torch.inference_mode():
            while len(rounds) < 10 or time.perf_counter() - begin < arguments.seconds:
                source, start = sources[len(rounds) % 8], time.perf_counter()
                greedy(model, source, length) if beam == 1 else beam_search(model, source, length, beam)
                rounds.append(time.perf_counter() - start)
        seconds = statistics.median(rounds[1:]) / batch
        print(f'{arguments.model:<13} {arguments.size:<6} {length:>6} {length:>6} {arguments.threads:>3} {batch:>5} '
              f'{beam:>4} {1 / seconds:>11.1f} {1e3 * seconds:>11.4f}', flush=True)


if __name__ == '__main__':
    main()
