#!/usr/bin/env python3
"""Learning curves of runs: training loss, and the errors of validations, against minutes (without times: steps).

usage: curves.py FOLDER [--most N]

Reads metrics.jsonl and times.jsonl of every run below FOLDER and writes FOLDER/curves.tsv, with a line per measurement, and
FOLDER/curves.svg, in which the N best runs (8) have colours and names and all others are grey. Needs no package.
"""

import json
import sys
from bisect import bisect_left
from html import escape
from pathlib import Path

COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3c8d", "#5d5d5d"]
WIDTH, HEIGHT, LEFT, GAP, TOP = 430, 300, 60, 70, 30


def lines_of(path):
    """The objects of a file of JSON lines; an unfinished last line does not count."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().split("\n")[:-1] if line]


def minutes_at(times):
    """A function from steps to minutes, linear between the known ones, or None."""
    steps, minutes = [0] + [t["step"] for t in times], [0] + [t["seconds"] / 60 for t in times]
    if len(steps) == 1:
        return None

    def at(step):
        i = min(max(bisect_left(steps, step), 1), len(steps) - 1)
        share = (step - steps[i - 1]) / (steps[i] - steps[i - 1])
        return minutes[i - 1] + share * (minutes[i] - minutes[i - 1])

    return at


class Run:
    def __init__(self, folder, top):
        self.name = str(folder.relative_to(top))
        metrics = lines_of(folder / "metrics.jsonl")
        self.at = minutes_at(lines_of(folder / "times.jsonl"))
        self.losses = [(m["step"], m["loss"]) for m in metrics if "loss" in m]
        self.errors = [(m["step"], 100 * m["valid_sequence_error_rate"]) for m in metrics if "valid_loss" in m]
        self.valid_losses = {m["step"]: m["valid_loss"] for m in metrics if "valid_loss" in m}
        self.best = min((error for _, error in self.errors), default=float("inf"))


def ticks(low, high):
    """About five round numbers in the range."""
    size = (high - low) / 5 or 1
    power = 10 ** int(f"{size:e}".split("e")[1])
    size = next(power * m for m in (1, 2, 5, 10) if power * m >= size)
    first = -(-low // size)
    return [(first + i) * size for i in range(12) if (first + i) * size <= high + 1e-9]


def panel(index, title, unit, curves):
    """A picture of curves [(colour, points)] in the column `index`."""
    left = LEFT + index * (WIDTH + GAP)
    xs = [x for _, points in curves for x, _ in points] or [0, 1]
    ys = sorted(y for _, points in curves for _, y in points) or [0, 1]
    x_high = max(xs) or 1
    y_low, y_high = ys[0], ys[min(len(ys) - 1, int(0.98 * len(ys)))]  # the first values are far above
    if y_low == y_high:
        y_high = y_low + 1
    px = lambda x: left + WIDTH * x / x_high
    py = lambda y: TOP + HEIGHT * (1 - (min(y, y_high) - y_low) / (y_high - y_low))
    out = [f'<text x="{left}" y="{TOP - 12}" class="title">{escape(title)}</text>']
    for y in ticks(y_low, y_high):
        out.append(f'<path d="M{left} {py(y):.1f}h{WIDTH}" class="grid"/>')
        out.append(f'<text x="{left - 8}" y="{py(y) + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x in ticks(0, x_high):
        out.append(f'<text x="{px(x):.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{x:g}</text>')
    out.append(f'<text x="{left + WIDTH}" y="{TOP + HEIGHT + 34}" text-anchor="end">{unit}</text>')
    for colour, points in curves:
        line = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in points)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
    return out


def svg(runs, most):
    timed = all(run.at for run in runs)
    unit = "minutes" if timed else "steps"
    place = lambda run, step: run.at(step) if timed else step
    colours = {run.name: COLOURS[i % len(COLOURS)] if i < most else "#d0d0d0" for i, run in enumerate(runs)}
    curves = lambda key: [
        (colours[run.name], [(place(run, step), value) for step, value in getattr(run, key)]) for run in reversed(runs)
    ]
    parts = panel(0, "training loss (nats per token)", unit, curves("losses"))
    parts += panel(1, "wrong outputs on validation pairs (%)", unit, curves("errors"))
    y = TOP + HEIGHT + 62
    for run in runs[:most]:
        parts.append(f'<path d="M{LEFT} {y - 4}h22" stroke="{colours[run.name]}" stroke-width="3"/>')
        best = f"{run.best:.1f} %" if run.errors else "no validation"
        parts.append(f'<text x="{LEFT + 30}" y="{y}">{best}  {escape(run.name)}</text>')
        y += 18
    width = LEFT + 2 * WIDTH + GAP + 20
    style = "text{font:12px sans-serif;fill:#333}.title{font-weight:bold}.grid{stroke:#e4e4e4}"
    return "\n".join(
        [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" viewBox="0 0 {width} {y}">']
        + [f"<style>{style}</style>", '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>\n"]
    )


def main(arguments):
    most = 8
    if len(arguments) == 3 and arguments[1] == "--most":
        most = int(arguments[2])
    elif len(arguments) != 1:
        sys.exit(__doc__)
    top = Path(arguments[0])
    runs = [Run(file.parent, top) for file in sorted(top.rglob("metrics.jsonl"))]
    if not runs:
        sys.exit(f"curves.py: {top}: there is no run")
    runs.sort(key=lambda run: run.best)
    with open(top / "curves.tsv", "w") as table:
        table.write("run\tstep\tminutes\tloss\tvalid_loss\tvalid_error_percent\n")
        for run in runs:
            rows = [(step, f"{loss:.5f}", "", "") for step, loss in run.losses]
            rows += [(step, "", f"{run.valid_losses[step]:.5f}", f"{error:.3f}") for step, error in run.errors]
            for step, *values in sorted(rows):
                minutes = f"{run.at(step):.3f}" if run.at else ""
                table.write("\t".join([run.name, str(step), minutes, *values]) + "\n")
    (top / "curves.svg").write_text(svg(runs, most))
    print(f"{top}/curves.tsv and {top}/curves.svg: {len(runs)} runs")


main(sys.argv[1:])
