#!/usr/bin/env python3
"""Trains a model of `gradus train --preset small` with PyTorch on the batches that gradus wrote:

    gradus bench epoch --train train.tsv --model rnn-attention --preset small --batches batches.jsonl
    tests/reference/epoch_speed.py rnn-attention batches.jsonl [--compile] [--bf16] [--threads N] [--steps N]

The encoder packs its sequences, attention masks the padding, the loss leaves it out; Adam is fused. --compile is
torch.compile with dynamic shapes: of the whole Transformer, and of a step of the recurrent decoder, whose loop is as long
as the batch. --bf16 is autocast. Prints a line as gradus does. The loss is comparable: the initial values are those of PyTorch.
"""
import argparse
import math
import os
import time

import epoch_batches

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument('model', choices=['rnn', 'rnn-attention', 'transformer'])
parser.add_argument('batches')
parser.add_argument('--compile', action='store_true')
parser.add_argument('--bf16', action='store_true')
parser.add_argument('--padded', action='store_true', help='no packing: the encoder reads padding, and masks it')
parser.add_argument('--dropout', type=float, default=0.3)
parser.add_argument('--threads', type=int, default=2)
parser.add_argument('--warm-up', type=int, default=3, help='steps before the epoch (with --compile at least 40)')
parser.add_argument('--steps', type=int, default=0, help='only the first batches')
args = parser.parse_args()
os.environ['OMP_NUM_THREADS'] = str(args.threads)

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence  # noqa: E402

torch.set_num_threads(args.threads)
torch.manual_seed(1)
torch.set_flush_denormal(True)

DIM, HIDDEN, FFN, HEADS, LAYERS, LR = 128, 256, 512, 4, 3, 0.001
PAD = epoch_batches.PAD


class Encoder(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embedding = nn.Embedding(words, DIM)
        self.dropout = nn.Dropout(args.dropout)
        self.network = nn.GRU(DIM, HIDDEN, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * HIDDEN, HIDDEN)

    def forward(self, batch):
        x = self.dropout(self.embedding(batch.source))
        if args.padded:
            h, last = self.network(x)
        else:
            packed = pack_padded_sequence(x, batch.lengths, batch_first=True, enforce_sorted=False)
            h, last = self.network(packed)
            h, _ = pad_packed_sequence(h, batch_first=True)
        return h, torch.tanh(self.bridge(torch.cat([last[0], last[1]], 1)))


class Rnn(nn.Module):
    def __init__(self, source_words, target_words):
        super().__init__()
        self.encoder = Encoder(source_words)
        self.embedding = nn.Embedding(target_words, DIM)
        self.dropout = nn.Dropout(args.dropout)
        self.network = nn.GRU(DIM, HIDDEN, batch_first=True)
        self.output = nn.Linear(HIDDEN, target_words)

    def forward(self, batch):
        _, s = self.encoder(batch)
        states, _ = self.network(self.dropout(self.embedding(batch.target)), s[None])
        return self.output(self.dropout(states))


class RnnAttention(nn.Module):
    """Additive attention; the context of the step before is an input of the decoder."""

    def __init__(self, source_words, target_words):
        super().__init__()
        self.encoder = Encoder(source_words)
        self.embedding = nn.Embedding(target_words, DIM)
        self.dropout = nn.Dropout(args.dropout)
        self.x = nn.Linear(DIM, 3 * HIDDEN)
        self.c = nn.Linear(2 * HIDDEN, 3 * HIDDEN, bias=False)
        self.s = nn.Linear(HIDDEN, 3 * HIDDEN)
        self.key = nn.Linear(2 * HIDDEN, HIDDEN, bias=False)
        self.query = nn.Linear(HIDDEN, HIDDEN)
        self.score = nn.Linear(HIDDEN, 1, bias=False)
        self.output = nn.Linear(3 * HIDDEN, target_words)
        self.step_of = torch.compile(self.step, dynamic=True) if args.compile else self.step

    def step(self, x, s, c, h, keys, mask):
        gates, of_s = x + self.c(c), self.s(s)
        xr, xz, xn = gates.chunk(3, 1)
        sr, sz, sn = of_s.chunk(3, 1)
        z = torch.sigmoid(xz + sz)
        s = torch.lerp(torch.tanh(xn + torch.sigmoid(xr + sr) * sn), s, z)
        scores = self.score(torch.tanh(keys + self.query(s)[:, None])).squeeze(2)
        alpha = torch.softmax(scores.masked_fill(mask, -math.inf), 1)
        return s, torch.bmm(alpha[:, None].to(h.dtype), h)[:, 0]

    def forward(self, batch):
        h, s = self.encoder(batch)
        keys, mask = self.key(h), batch.source == PAD
        c = h.new_zeros(h.size(0), 2 * HIDDEN)
        read = []
        for x in self.x(self.dropout(self.embedding(batch.target.t()))).unbind(0):
            s, c = self.step_of(x, s, c, h, keys, mask)
            read.append(torch.cat([s, c], 1))
        return self.output(self.dropout(torch.stack(read, 1)))


class Transformer(nn.Module):
    def __init__(self, source_words, target_words):
        super().__init__()
        self.source, self.target = nn.Embedding(source_words, DIM), nn.Embedding(target_words, DIM)
        self.dropout = nn.Dropout(args.dropout)
        options = {'dropout': args.dropout, 'batch_first': True, 'norm_first': True}
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(DIM, HEADS, FFN, **options), LAYERS,
                                             nn.LayerNorm(DIM), enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(DIM, HEADS, FFN, **options), LAYERS,
                                             nn.LayerNorm(DIM))
        self.output = nn.Linear(DIM, target_words)
        at = torch.arange(256).float()[:, None]
        rate = torch.exp(torch.arange(0, DIM, 2).float() * (-math.log(10000.0) / DIM))
        table = torch.zeros(256, DIM)
        table[:, 0::2], table[:, 1::2] = torch.sin(at * rate), torch.cos(at * rate)
        self.register_buffer('positions', table)
        self.logits_of = torch.compile(self.logits, dynamic=True) if args.compile else self.logits

    def logits(self, source, target):
        mask, length = source == PAD, target.size(1)
        x = self.dropout(self.source(source) + self.positions[:source.size(1)])
        h = self.encoder(x, src_key_padding_mask=mask)
        y = self.dropout(self.target(target) + self.positions[:length])
        after = torch.ones(length, length, dtype=torch.bool).triu(1)
        y = self.decoder(y, h, tgt_mask=after, tgt_is_causal=True, memory_key_padding_mask=mask)
        return self.output(self.dropout(y))

    def forward(self, batch):
        return self.logits_of(batch.source, batch.target)


batches = epoch_batches.read(args.batches, args.steps)
source_words, target_words = epoch_batches.vocabularies(batches)
for b in batches:
    b.source, b.target, b.out, b.lengths = map(torch.tensor, (b.source, b.target, b.out, b.lengths))
model = {'rnn': Rnn, 'rnn-attention': RnnAttention, 'transformer': Transformer}[args.model](source_words, target_words)
parameters = list(model.parameters())
adam = torch.optim.Adam(parameters, lr=LR, fused=True)


def step(batch):
    adam.zero_grad()
    with torch.autocast('cpu', torch.bfloat16, enabled=args.bf16):
        logits = model(batch)
    loss = F.cross_entropy(logits.flatten(0, 1).float(), batch.out.flatten(), ignore_index=PAD)
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, 1.0)
    adam.step()
    return loss.item()


# The longest and the shortest batches too, so that no shape is compiled later.
by_length = sorted(batches, key=lambda b: b.source.size(1) + b.out.size(1))
warm_up = max(args.warm_up, 40) if args.compile else args.warm_up
for i in range(warm_up):
    step(by_length[i * (len(batches) - 1) // max(1, warm_up - 1)])
times, losses = [], []
for i, batch in enumerate(batches):
    begin = time.perf_counter()
    losses.append(step(batch))
    times.append(time.perf_counter() - begin)
epoch_batches.report(args.model, args.threads, batches, times, losses, sum(p.numel() for p in parameters),
                     f'torch={torch.__version__}')
