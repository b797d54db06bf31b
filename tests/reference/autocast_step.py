#!/usr/bin/env python3
"""Runs a PyTorch benchmark of training steps with its products in bf16 (torch.autocast):

    tests/reference/autocast_step.py STEP_PY ARGUMENT...

STEP_PY computes its loss in a function loss_of, which runs under autocast; its arguments follow.
"""
import sys

if len(sys.argv) < 2 or sys.argv[1] in ('-h', '--help'):
    sys.exit(__doc__)
text = open(sys.argv[1]).read()
mark = 'def loss_of('
if text.count(mark) != 1:
    sys.exit(f'{sys.argv[1]}: expected one function loss_of, found {text.count(mark)}')
sys.argv = sys.argv[1:]
exec(compile(text.replace(mark, "@torch.autocast('cpu', dtype=torch.bfloat16)\n" + mark), sys.argv[0], 'exec'))
