#!/usr/bin/env python3
"""The results of PyTorch's optimisers, clipping and schedules in f64.

Prints tests/optim_reference.h (Debian's python3-torch, 1.13):
    /usr/bin/python3 tests/reference/optimisers.py > tests/optim_reference.h
"""
import math

import torch

STEPS = (1, 2, 5, 15)


def trajectory(make, clip=None, skips=()):
    """Parameters a [3] and b [2]; the gradient at step t of element i of both is 0.5 p + sin(1.7 t + 0.9 i)."""
    a = torch.tensor([0.5, -1.2, 2.0], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([0.1, -0.7], dtype=torch.float64, requires_grad=True)
    optimiser = make(a, b)
    values = []
    for t in range(1, STEPS[-1] + 1):
        for p, first in ((a, 0), (b, 3)):
            p.grad = torch.tensor([0.5 * v + math.sin(1.7 * t + 0.9 * (first + i)) for i, v in enumerate(p.tolist())],
                                  dtype=torch.float64)
        if t in skips:
            b.grad = None
        if clip:
            clip([a, b])
        optimiser.step()
        if t in STEPS:
            values += a.tolist() + b.tolist()
    return values


def both(kind, **options):
    return lambda a, b: kind([a, b], **options)


def grouped(kind, **options):
    """b has a tenth of the learning rate and its own weight decay."""
    own = {"lr": options["lr"] / 10, "weight_decay": 0.3}
    return lambda a, b: kind([{"params": [a]}, {"params": [b], **own}], **options)


SGD, Adam, AdamW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
RMSprop, Adagrad = torch.optim.RMSprop, torch.optim.Adagrad
norm = lambda ps: torch.nn.utils.clip_grad_norm_(ps, 0.8)
value = lambda ps: torch.nn.utils.clip_grad_value_(ps, 0.4)

TRAJECTORIES = {
    "sgd": trajectory(both(SGD, lr=0.1)),
    "sgd_decay": trajectory(both(SGD, lr=0.1, weight_decay=0.05)),
    "sgd_momentum": trajectory(both(SGD, lr=0.1, momentum=0.9)),
    "sgd_dampening": trajectory(both(SGD, lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.05)),
    "sgd_nesterov": trajectory(both(SGD, lr=0.1, momentum=0.8, nesterov=True, weight_decay=0.02)),
    "sgd_groups": trajectory(grouped(SGD, lr=0.1, momentum=0.9)),
    "sgd_skips": trajectory(both(SGD, lr=0.1, momentum=0.9, dampening=0.3), skips=(1, 2, 6)),
    "sgd_clip_value": trajectory(both(SGD, lr=0.1, momentum=0.9), clip=value),
    "adam": trajectory(both(Adam, lr=0.05)),
    "adam_options": trajectory(both(Adam, lr=0.05, betas=(0.7, 0.9), eps=1e-3, weight_decay=0.1)),
    "adam_amsgrad": trajectory(both(Adam, lr=0.05, betas=(0.9, 0.6), amsgrad=True, weight_decay=0.1)),
    "adam_groups": trajectory(grouped(Adam, lr=0.05)),
    "adam_skips": trajectory(both(Adam, lr=0.05), skips=(1, 2, 6)),
    "adam_clip_norm": trajectory(both(Adam, lr=0.05, weight_decay=0.1, eps=0.1), clip=norm),
    "adamw": trajectory(both(AdamW, lr=0.05)),
    "adamw_options": trajectory(both(AdamW, lr=0.05, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.2)),
    "adamw_amsgrad": trajectory(both(AdamW, lr=0.05, betas=(0.9, 0.6), amsgrad=True)),
    "adamw_groups": trajectory(grouped(AdamW, lr=0.05, weight_decay=0.0)),
    "rmsprop": trajectory(both(RMSprop, lr=0.01)),
    "rmsprop_options": trajectory(both(RMSprop, lr=0.02, alpha=0.9, eps=1e-3, weight_decay=0.1)),
    "rmsprop_momentum": trajectory(both(RMSprop, lr=0.01, momentum=0.8)),
    "rmsprop_centered": trajectory(both(RMSprop, lr=0.01, alpha=0.8, centered=True)),
    "rmsprop_centered_momentum": trajectory(both(RMSprop, lr=0.01, momentum=0.5, centered=True, weight_decay=0.05)),
    "rmsprop_groups": trajectory(grouped(RMSprop, lr=0.01)),
    "rmsprop_skips": trajectory(both(RMSprop, lr=0.01, momentum=0.8), skips=(1, 2, 6)),
    "adagrad": trajectory(both(Adagrad, lr=0.1)),
    "adagrad_options": trajectory(both(Adagrad, lr=0.1, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.5,
                                       eps=1e-3)),
    "adagrad_groups": trajectory(grouped(Adagrad, lr=0.1)),
    "adagrad_skips": trajectory(both(Adagrad, lr=0.1, lr_decay=0.1, initial_accumulator_value=0.2), skips=(1, 2, 6)),
}


def rates(make, steps=12):
    p = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.SGD([p], lr=0.3)
    schedule = make(optimiser)
    values = []
    for _ in range(steps):
        values.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return values


S = torch.optim.lr_scheduler
RATES = {
    "step_rates": rates(lambda o: S.StepLR(o, 4, 0.5)),
    "exponential_rates": rates(lambda o: S.ExponentialLR(o, 0.9)),
    "cosine_rates": rates(lambda o: S.CosineAnnealingLR(o, 11, 0.01)),
    "multi_step_rates": rates(lambda o: S.MultiStepLR(o, [3, 8, 8], 0.5)),
    "polynomial_rates": rates(lambda o: S.PolynomialLR(o, 9, 2.0)),
    "restarts_rates": rates(lambda o: S.CosineAnnealingWarmRestarts(o, 5, 1, 0.01)),
    "growing_restarts_rates": rates(lambda o: S.CosineAnnealingWarmRestarts(o, 2, 2, 0.01), 20),
    "one_cycle_rates": rates(lambda o: S.OneCycleLR(o, 0.3, 12, cycle_momentum=False)),
    "one_cycle_linear_rates": rates(lambda o: S.OneCycleLR(o, 0.3, 12, pct_start=0.4, anneal_strategy="linear",
                                                           div_factor=10, final_div_factor=100, three_phase=True,
                                                           cycle_momentum=False)),
    "linear_rates": rates(lambda o: S.LinearLR(o, 0.25, total_iters=4)),
    "warm_up_rates": rates(lambda o: S.SequentialLR(o, [S.LinearLR(o, 0.25, total_iters=4),
                                                        S.CosineAnnealingLR(o, 11, 0.01)], [4])),
}
rate_names = list(RATES)

LOSSES = [3.0, 2.0, 2.1, 1.9999, 2.2, 1.5, 1.6, 1.7, 1.4999, 1.5, 1.6, float("nan")] + [1.0] * 8


def plateau(sign=1, **options):
    p = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.SGD([p], lr=1.0)
    schedule = S.ReduceLROnPlateau(optimiser, eps=0, **options)
    values = []
    for loss in LOSSES:
        schedule.step(sign * loss)
        values.append(optimiser.param_groups[0]["lr"])
    return values


RATES["plateau_scales"] = plateau(factor=0.5, patience=1, threshold=1e-3)
RATES["plateau_cooldown_scales"] = plateau(factor=0.2, patience=0, threshold=0.2, threshold_mode="abs", cooldown=2,
                                           min_lr=0.01)
RATES["plateau_higher_scales"] = plateau(sign=-1, factor=0.3, patience=2, threshold=0.01, threshold_mode="abs",
                                         mode="max")


def literal(v):
    return 'NAN' if math.isnan(v) else repr(v)


def array(name, values):
    lines, line = [], "   "
    for v in values:
        item = " " + literal(v) + ","
        if len(line) + len(item) > 120:
            lines.append(line)
            line = "   "
        line += item
    lines.append(line)
    print(f"inline const std::vector<double> {name} = {{")
    print("\n".join(lines).rstrip(",") + "};")


print("#pragma once\n")
print("#include <cmath>\n#include <vector>\n")
print("// Written by tests/reference/optimisers.py. Do not edit.")
print("// clang-format off")
print("namespace gradus::optim::reference {\n")
print(f"/// The steps after which a trajectory is recorded: a[0], a[1], a[2], b[0], b[1].")
print(f"inline const std::vector<int> steps = {{{', '.join(map(str, STEPS))}}};")
for name, values in TRAJECTORIES.items():
    array(name, values)
print("\n/// The learning rates of the first steps.")
for name in rate_names:
    array(name, RATES[name])
print("\n/// The scales after each of these measurements.")
array("losses", LOSSES)
for name in ("plateau_scales", "plateau_cooldown_scales", "plateau_higher_scales"):
    array(name, RATES[name])
print("\n}  // namespace gradus::optim::reference")
print("// clang-format on")
