#!/usr/bin/python3
"""Prints the numbers of tests/losses_reference.h, computed by PyTorch (Debian: python3-torch) in double
precision.
"""
import torch
from torch.nn import functional as F

from cases import INF, begin, end, leaf, ramp, show

begin()
weight, pos_weight = torch.tensor([0.5, 2.0, 1.2]), torch.tensor([[1.5], [0.25]])


def probabilities(x):
    return (0.5 + 0.4 * x).detach().requires_grad_()


for reduction in ('none', 'mean', 'sum'):
    for smoothing in (0.0, 0.1):
        for w in (None, weight):
            weighted = '' if w is None else ', weighted'
            show(f'cross_entropy of probabilities {reduction}, smoothing {smoothing}{weighted}',
                 lambda x, y: F.cross_entropy(x, y, w, reduction=reduction, label_smoothing=smoothing), ramp(4, 3),
                 probabilities(ramp(4, 3, phase=2.0)))
    for w in (None, weight):
        show(f'nll_loss {reduction}{", weighted" if w is not None else ""}',
             lambda x: F.nll_loss(x, torch.tensor([2, 0, 1, 2]), w, ignore_index=1, reduction=reduction), ramp(4, 3))
    show(f'binary_cross_entropy {reduction}',
         lambda x, y: F.binary_cross_entropy(x, y, reduction=reduction), probabilities(ramp(2, 3)),
         probabilities(ramp(2, 3, phase=2.0)))
    show(f'binary_cross_entropy_with_logits {reduction}',
         lambda x, y: F.binary_cross_entropy_with_logits(x, y, reduction=reduction), ramp(2, 3),
         probabilities(ramp(2, 3, phase=2.0)))
    show(f'binary_cross_entropy_with_logits {reduction}, weighted',
         lambda x, y: F.binary_cross_entropy_with_logits(x, y, weight, reduction=reduction, pos_weight=pos_weight),
         ramp(2, 3), probabilities(ramp(2, 3, phase=2.0)))
    show(f'l1_loss {reduction}', lambda x, y: F.l1_loss(x, y, reduction=reduction), ramp(2, 3), ramp(2, 3, phase=2.0))
    for beta in (1.0, 0.3, 0.0):
        show(f'smooth_l1_loss {reduction}, beta {beta}',
             lambda x, y: F.smooth_l1_loss(x, y, reduction=reduction, beta=beta), ramp(2, 3), ramp(2, 3, phase=2.0))
    for delta in (1.0, 0.3):
        show(f'huber_loss {reduction}, delta {delta}',
             lambda x, y: F.huber_loss(x, y, reduction=reduction, delta=delta), ramp(2, 3), ramp(2, 3, phase=2.0))
for reduction in ('none', 'mean', 'sum', 'batchmean'):
    show(f'kl_div {reduction}', lambda x, y: F.kl_div(x, y, reduction=reduction), ramp(2, 3),
         probabilities(ramp(2, 3, phase=2.0)))
    show(f'kl_div {reduction}, log_target', lambda x, y: F.kl_div(x, y, reduction=reduction, log_target=True),
         ramp(2, 3), ramp(2, 3, phase=2.0))
show('kl_div of a target with zeros', lambda x: F.kl_div(x, torch.tensor([0.0, 0.4, 0.6]), reduction='none'), ramp(3))
show('binary_cross_entropy at 0 and 1',
     lambda x: F.binary_cross_entropy(x.detach(), torch.tensor([0.0, 1.0, 1.0, 0.0]), reduction='none'),
     leaf(0.0, 1.0, 0.0, 1.0))
show('binary_cross_entropy, weighted', lambda x: F.binary_cross_entropy(x, torch.tensor([0.0, 1.0, 0.3]), weight),
     leaf(0.2, 0.7, 0.4))
show('binary_cross_entropy_with_logits, large logits',
     lambda x: F.binary_cross_entropy_with_logits(x, torch.tensor([0.0, 1.0, 0.5, 0.0, 1.0]), reduction='none'),
     leaf(-1e3, 1e3, 700.0, 800.0, -900.0))
show('l1_loss at 0', lambda x: F.l1_loss(x, torch.tensor([1.0, 2.0]), reduction='none'), leaf(1.0, 1.0))
show('smooth_l1_loss at the kinks', lambda x: F.smooth_l1_loss(x, torch.zeros(3), reduction='none', beta=0.5),
     leaf(0.5, -0.5, 0.0))
show('huber_loss at the kinks', lambda x: F.huber_loss(x, torch.zeros(3), reduction='none', delta=0.5),
     leaf(0.5, -0.5, 0.0))

# log_softmax, since PyTorch's gradient of ctc_loss is that of the logits.
targets, in_a_row = torch.tensor([[1, 2, 2], [2, 1, -7], [3, -7, -7]]), torch.tensor([1, 2, 2, 2, 1, 3])
frames, labels = torch.tensor([6, 6, 4]), torch.tensor([3, 2, 1])
for reduction in ('none', 'mean', 'sum'):
    show(f'ctc_loss {reduction}',
         lambda x: F.ctc_loss(x.log_softmax(2), targets, frames, labels, reduction=reduction), ramp(6, 3, 4))
show('ctc_loss, all labels in a row', lambda x: F.ctc_loss(x.log_softmax(2), in_a_row, frames, labels), ramp(6, 3, 4))
show('ctc_loss, blank 3', lambda x: F.ctc_loss(x.log_softmax(2), targets[:2], frames[:2], labels[:2], blank=3),
     ramp(6, 2, 4))
show('ctc_loss, one sequence',
     lambda x: F.ctc_loss(x.log_softmax(1), torch.tensor([1, 1]), torch.tensor(5), torch.tensor(2)), ramp(5, 3))
show('ctc_loss, an empty target',
     lambda x: F.ctc_loss(x.log_softmax(2), torch.tensor([[1], [1]]), torch.tensor([3, 3]), torch.tensor([0, 1])),
     ramp(3, 2, 3))
short = torch.tensor([[1, 1], [1, 2]]), torch.tensor([2, 2]), torch.tensor([2, 2])
show('ctc_loss, a target too long', lambda x: F.ctc_loss(x.detach().log_softmax(2), *short, reduction='none'),
     ramp(2, 2, 3))
show('ctc_loss, a target too long, zero_infinity',
     lambda x: F.ctc_loss(x.log_softmax(2), *short, zero_infinity=True), ramp(2, 2, 3))

x = leaf(-30.0, -5.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 5.0, 30.0)
show('leaky_relu', F.leaky_relu, x)
show('leaky_relu 0.3', lambda x: F.leaky_relu(x, 0.3), x)
show('elu', F.elu, x)
show('elu 0.7', lambda x: F.elu(x, 0.7), x)
show('celu', F.celu, x)
show('celu 0.75', lambda x: F.celu(x, 0.75), x)  # PyTorch computes 1 / alpha in single precision
show('selu', F.selu, x)
show('mish', F.mish, x)
show('log_sigmoid', F.logsigmoid, x)
show('hardtanh', F.hardtanh, x)
show('hardtanh -3 to 0.5', lambda x: F.hardtanh(x, -3.0, 0.5), x)
show('hardsigmoid', lambda x: F.relu6(x + 3.0) / 6.0, x)  # PyTorch's own has a slope in single precision
show('hardswish', F.hardswish, x)
show('softplus 0.5', lambda x: F.softplus(x, 0.5, threshold=INF), x)
show('glu', F.glu, ramp(2, 4))
show('glu of the leading axis', lambda x: F.glu(x, 0), ramp(2, 4))

show('embedding with padding_idx', lambda w: F.embedding(torch.tensor([[1, 0], [1, 2]]), w, padding_idx=1), ramp(3, 2))
show('embedding with a negative padding_idx', lambda w: F.embedding(torch.tensor([[1, 0], [1, 2]]), w, padding_idx=-1),
     ramp(3, 2))
show('one_hot', lambda i: F.one_hot(i), torch.tensor([[2, 0], [1, 1]]))
show('one_hot of 4 classes', lambda i: F.one_hot(i, 4), torch.tensor([2, 0]))


def einsum(equation, *inputs):
    show(f'einsum {equation}', lambda *x: torch.einsum(equation, *x), *inputs)


a, b, c = ramp(2, 3), ramp(3, 2, phase=2.0), ramp(2, 2, 3, phase=3.0)
einsum('ij,jk', a, b)
einsum('ij,jk->ki', a, b)
einsum('ij, jk -> ', a, b)
einsum('ba', a)
einsum('iB', a)
einsum('ii', ramp(3, 3))
einsum('ii->i', ramp(3, 3))
einsum('jii->ij', ramp(2, 3, 3))
einsum('iii->i', ramp(2, 2, 2))
einsum('iijj->ij', ramp(2, 2, 2, 2))
einsum('ii,ij', ramp(2, 2), a)
einsum('i,j->ij', ramp(2), ramp(3, phase=2.0))
einsum('ij,ij->ij', a, ramp(2, 3, phase=2.0))
einsum('ij,ij', a, ramp(2, 3, phase=2.0))
einsum('bij,bkj->bik', c, ramp(2, 2, 3))
einsum('...ij,...jk', ramp(2, 1, 2, 3), ramp(3, 3, 2, phase=2.0))
einsum('...ij,...jk->ik', ramp(2, 1, 2, 3), ramp(3, 3, 2, phase=2.0))
einsum('i...,...j->j...', ramp(2, 3), ramp(3, 2, phase=2.0))
einsum('...', a)
einsum('i...->...', c)
einsum('ij,jk,kl->il', a, b, ramp(2, 2, phase=3.0))
einsum('bi,oij,bj->bo', ramp(2, 2), c, ramp(2, 3, phase=2.0))
einsum('ij,ij->i', ramp(2, 1), ramp(1, 3, phase=2.0))
einsum('ij,ij->j', ramp(2, 1), ramp(2, 3, phase=2.0))
einsum(',i->i', leaf(2.0).reshape(()).detach().requires_grad_(), ramp(3))
einsum('ab,cd', ramp(2, 2), ramp(2, 2, phase=2.0))
end()
