#!/usr/bin/python3
"""Checks that gradus and PyTorch read each other's weights in safetensors files.

Usage: tests/reference/interchange.py BUILD/tests/gradus_interchange

For a Transformer and an LSTM in f32, in both directions:
- one side draws the parameters and writes them under PyTorch's names, and the other reads the file;
- the logits and the gradients of all parameters are compared, by the largest difference relative to the largest element;
- a file from gradus must have the bytes that the package safetensors writes for the same values.

Exits with 1 when a difference is above 1e-5 or a byte differs. Needs python3-torch (Debian) and the package safetensors.
"""
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file
from torch import nn

WORDS, DIM = 23, 32
LIMIT = 1e-5


class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, DIM)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(DIM, 4, 48, dropout=0.0, batch_first=True), 2)
        self.decoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(DIM, 4, 48, dropout=0.0, batch_first=True), 2)
        self.output = nn.Linear(DIM, WORDS)

    def forward(self, source, target):
        padding = source == 0
        memory = self.encoder(self.embedding(source), src_key_padding_mask=padding)
        length = target.shape[1]
        future = torch.triu(torch.ones(length, length, dtype=torch.bool), diagonal=1)
        return self.output(self.decoder(self.embedding(target), memory, tgt_mask=future,
                                        memory_key_padding_mask=padding))


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, DIM)
        self.lstm = nn.LSTM(DIM, 24, 2, bidirectional=True, batch_first=True)
        self.output = nn.Linear(48, WORDS)

    def forward(self, _source, target):
        return self.output(self.lstm(self.embedding(target))[0])


def inputs():
    source = torch.randint(1, WORDS, (5, 9))
    for row, padded in enumerate([0, 3, 1, 0, 6]):
        source[row, 9 - padded:] = 0
    return {'input.source': source,
            'input.target': torch.randint(1, WORDS, (5, 11)),
            'input.labels': torch.randint(0, WORDS, (5, 11))}


def results_of(module, given):
    """PyTorch's logits and gradients, under the names of gradus_interchange."""
    logits = module(given['input.source'], given['input.target'])
    module.zero_grad()
    nn.functional.cross_entropy(logits.flatten(0, 1), given['input.labels'].flatten()).backward()
    return {'logits': logits.detach()} | {f'gradient.{name}': p.grad for name, p in module.named_parameters()}


def worst(ours, theirs):
    """The largest relative difference, and its tensor."""
    return max((((ours[name] - theirs[name]).abs().max() / theirs[name].abs().max()).item(), name) for name in theirs)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.manual_seed(1)
    torch.set_num_threads(1)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        def gradus(model, contents):
            save_file(contents, f'{folder}/in', metadata={'format': 'pt'})
            subprocess.run([sys.argv[1], model, f'{folder}/in', f'{folder}/out'], check=True)
            written = load_file(f'{folder}/out')
            save_file(written, f'{folder}/again', metadata={'format': 'pt'})
            if open(f'{folder}/out', 'rb').read() != open(f'{folder}/again', 'rb').read():
                sys.exit(f'{model}: the package safetensors writes other bytes')
            return written

        for model, make in (('transformer', Translator), ('lstm', Tagger)):
            given = inputs()
            module = make()
            over = gradus(model, {name: p.detach().contiguous() for name, p in module.state_dict().items()} | given)
            back = gradus(model, given)
            other = make()
            other.load_state_dict({name: back[name] for name in other.state_dict()})
            for direction, ours, theirs in (('PyTorch to gradus', over, results_of(module, given)),
                                            ('gradus to PyTorch', back, results_of(other, given))):
                difference, name = worst(ours, theirs)
                print(f'{model:12} {direction}: logits and {len(theirs) - 1} gradients, largest relative difference '
                      f'{difference:.1e} ({name})')
                failed = failed or not difference <= LIMIT
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
