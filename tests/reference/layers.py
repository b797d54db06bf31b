#!/usr/bin/python3
"""Prints the numbers of tests/nn_reference_test.cpp, computed by PyTorch (Debian: python3-torch) in double precision.

Weights and inputs are formulas, so that C++ and Python need no common files: element i of a parameter is
0.4 sin(0.37 i + the sum of the bytes of its path). A digest, sum_i t_i cos(0.17 i), represents a tensor.
"""
import math

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def ramp(*shape, phase=1.0):
    n = 1
    for e in shape:
        n *= e
    return torch.sin(0.53 * torch.arange(n).double() + phase).reshape(shape)


def fill(module):
    with torch.no_grad():
        for path, p in module.named_parameters():
            i = torch.arange(p.numel()).double()
            p.copy_(0.4 * torch.sin(0.37 * i + sum(path.encode())).reshape(p.shape))
    return module.eval()


def digest(t):
    t = t.reshape(-1)
    return (t * torch.cos(0.17 * torch.arange(t.numel()).double())).sum()


def show(name, module, outputs, inputs):
    """The loss is the sum of the outputs' digests."""
    loss = sum(digest(o) for o in outputs)
    loss.backward()
    first = outputs[0].detach().reshape(-1)[:3].tolist()
    print(f'const Expected {name}{{')
    print('    {' + ', '.join(f'{v:.15g}' for v in first) + '},')
    print('    {' + ', '.join(f'{digest(o).item():.15g}' for o in outputs) + '},')
    print('    {' + ', '.join(f'{digest(x.grad).item():.15g}' for x in inputs) + '},')
    print('    {' + ',\n     '.join(f'{{"{p}", {digest(t.grad).item():.15g}}}' for p, t in module.named_parameters()) + '}};\n')


LENGTHS = torch.tensor([5, 3])
PRESENT = (torch.arange(5)[None, :] < LENGTHS[:, None]).double()  # [2, 5]


def recurrent(name, module):
    fill(module)
    x = ramp(2, 5, 3).requires_grad_()
    out, final = module(pack_padded_sequence(x, LENGTHS, batch_first=True))
    out, _ = pad_packed_sequence(out, batch_first=True)
    finals = final if isinstance(final, tuple) else (final,)
    show(name, module, [out * PRESENT[:, :, None], *finals], [x])


recurrent('rnn', nn.RNN(3, 4, num_layers=2, batch_first=True))
recurrent('gru', nn.GRU(3, 4, num_layers=1, bidirectional=True, batch_first=True))
recurrent('lstm', nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True))
recurrent('relu_without_bias', nn.RNN(3, 4, nonlinearity='relu', bias=False, batch_first=True))
recurrent('gru_without_bias', nn.GRU(3, 4, bias=False, batch_first=True))
recurrent('lstm_without_bias', nn.LSTM(3, 4, bias=False, batch_first=True))

MASK = PRESENT == 0  # PyTorch ignores positions where a mask is true
CAUSAL = torch.ones(4, 4).triu(1).bool()
SEEN = torch.tensor([[1, 0, 1, 1, 0], [1, 1, 0, 0, 1], [0, 1, 1, 0, 1], [1, 1, 1, 1, 1]]).bool()  # [T, S]


def multi_head():
    m = fill(nn.MultiheadAttention(6, 3, batch_first=True))
    x, h = ramp(2, 4, 6).requires_grad_(), ramp(2, 5, 6, phase=0.3).requires_grad_()
    cross, weights = m(x, h, h, key_padding_mask=MASK, average_attn_weights=False)
    causal, _ = m(x, x, x, attn_mask=CAUSAL)
    show('multi_head', m, [cross, causal, weights], [x, h])


multi_head()


def masked_multi_head():
    m = fill(nn.MultiheadAttention(6, 3, batch_first=True))
    x, h = ramp(2, 4, 6).requires_grad_(), ramp(2, 5, 6, phase=0.3).requires_grad_()
    y, weights = m(x, h, h, key_padding_mask=MASK, attn_mask=~SEEN, average_attn_weights=False)
    show('masked_multi_head', m, [y, weights], [x, h])


def separate_sources():
    m = fill(nn.MultiheadAttention(6, 3, kdim=5, vdim=4, bias=False, batch_first=True))
    x, k, v = (ramp(2, t, n, phase=phase).requires_grad_() for t, n, phase in ((4, 6, 1), (5, 5, 0.3), (5, 4, 0.6)))
    bias = ramp(3, 4, 5, phase=0.9).requires_grad_()  # [heads, T, S]
    y, weights = m(x, k, v, key_padding_mask=MASK, attn_mask=bias.repeat(2, 1, 1), average_attn_weights=False)
    show('separate_sources', m, [y, weights], [x, k, v, bias])


masked_multi_head()
separate_sources()


def encoder(name, norm_first, activation):
    m = fill(nn.TransformerEncoderLayer(6, 2, 8, 0.0, activation, norm_first=norm_first, batch_first=True)).train()
    x = ramp(2, 5, 6).requires_grad_()
    y = m(x, src_key_padding_mask=MASK) * PRESENT[:, :, None]
    show(name, m, [y], [x])


encoder('encoder_post', False, 'relu')
encoder('encoder_pre', True, 'gelu')


def decoder(name, norm_first, activation):
    m = fill(nn.TransformerDecoderLayer(6, 2, 8, 0.0, activation, norm_first=norm_first, batch_first=True)).train()
    x, h = ramp(2, 4, 6).requires_grad_(), ramp(2, 5, 6, phase=0.3).requires_grad_()
    show(name, m, [m(x, h, tgt_mask=CAUSAL, memory_key_padding_mask=MASK)], [x, h])


decoder('decoder_post', False, 'relu')
decoder('decoder_pre', True, 'gelu')


def encoder_stack():
    """Post-norm, with a norm after the last layer, another epsilon, and a bias of the scores [S, S]."""
    layer = nn.TransformerEncoderLayer(6, 2, 8, 0.0, layer_norm_eps=0.1, batch_first=True)
    m = fill(nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(6, eps=0.1))).train()
    x, bias = ramp(2, 5, 6).requires_grad_(), ramp(5, 5, phase=0.9).requires_grad_()
    y = m(x, mask=bias, src_key_padding_mask=MASK) * PRESENT[:, :, None]
    show('encoder_stack', m, [y], [x, bias])


def masked_decoder():
    """Not causal: a mask [T, T] of the target, and a bias [T, S] of the source's scores."""
    m = fill(nn.TransformerDecoderLayer(6, 2, 8, 0.0, batch_first=True)).train()
    x, h = ramp(2, 4, 6).requires_grad_(), ramp(2, 5, 6, phase=0.3).requires_grad_()
    bias = ramp(4, 5, phase=0.9).requires_grad_()
    y = m(x, h, tgt_mask=~SEEN[:, :4], memory_mask=bias, memory_key_padding_mask=MASK)
    show('masked_decoder', m, [y], [x, h, bias])


encoder_stack()
masked_decoder()


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(3, 10), nn.Linear(5, 3)

    def forward(self, x):
        a, g = self.linear1(x).chunk(2, -1)
        return self.linear2(a * nn.functional.silu(g))


def gated():
    m = fill(Gated())
    x = ramp(2, 4, 3).requires_grad_()
    show('gated', m, [m(x)], [x])


gated()


def alibi_slopes(heads):
    """The slopes of Press et al. 2022."""
    power = 2 ** math.floor(math.log2(heads))
    slopes = [2 ** (-8 / power * (i + 1)) for i in range(power)]
    return slopes + [2 ** (-4 / power * (2 * i + 1)) for i in range(heads - power)]


for heads in (4, 6):
    print(f'// ALiBi, {heads} heads: ' + ', '.join(f'{s:.15g}' for s in alibi_slopes(heads)))


class Additive(nn.Module):
    """score_i = v . tanh(W [h_i; s] + b), with the two halves of W as key and query."""

    def __init__(self):
        super().__init__()
        self.key, self.query, self.score = nn.Linear(4, 6, False), nn.Linear(3, 6), nn.Linear(6, 1, False)

    def forward(self, s, h):
        w = torch.cat([self.key.weight, self.query.weight], 1)
        pairs = torch.cat([h, s[:, None].expand(-1, h.shape[1], -1)], -1)
        scores = torch.tanh(pairs @ w.T + self.query.bias) @ self.score.weight[0]
        weights = scores.masked_fill(MASK, -torch.inf).softmax(-1)
        return torch.einsum('bs,bsd->bd', weights, h), weights


def additive():
    m = fill(Additive())
    s, h = ramp(2, 3).requires_grad_(), ramp(2, 5, 4, phase=0.3).requires_grad_()
    show('additive', m, list(m(s, h)), [s, h])


additive()


class Qkv(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = nn.Linear(3, 6, False), nn.Linear(4, 6, False), nn.Linear(4, 6, False)

    def forward(self, s, h):
        scores = torch.einsum('btd,bsd->bts', self.query(s), self.key(h)) / 6**0.5
        weights = scores.masked_fill(MASK[:, None], -torch.inf).softmax(-1)
        return weights @ self.value(h), weights


def qkv():
    m = fill(Qkv())
    s, h = ramp(2, 4, 3).requires_grad_(), ramp(2, 5, 4, phase=0.3).requires_grad_()
    show('query_key_value', m, list(m(s, h)), [s, h])


qkv()
