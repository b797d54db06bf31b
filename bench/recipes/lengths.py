#!/usr/bin/env python3
"""Accuracy by length of the source, up to twice the lengths of training: four models, each kind of position, five toy tasks.

usage: lengths.py OUT [--tasks copy,add] [--models rnn,transformer/rotary] [--jobs N] [--sources N] [-- FLAGS OF gradus train...]

Trains each model with its preset on each task (OUT/TASK/MODEL, normal run directories), decodes N sources (200) of every length
up to twice the longest of training, and writes OUT/lengths.tsv (exact outputs per length), OUT/lengths.md (a table) and
OUT/lengths.svg. The length of a sum is that of its longer number. The dates have no longer forms: only their test pairs count.
Runs that are complete are kept, and interrupted ones are resumed: start the same command again. N trainings run at the same time
(--jobs, 2), with one thread each. GRADUS is the program (build/release/gradus). Needs no package.
"""

import argparse
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path

from gradus_runs import output_of, parse, result_of, train

LONGEST = {"copy": 12, "reverse": 12, "sort": 12, "add": 4, "dates": 0}  # of training
VARIANTS = (["rnn", "rnn-attention"] + [f"attention/{p}" for p in ("none", "sinusoidal", "learned")]
            + [f"transformer/{p}" for p in ("none", "sinusoidal", "learned", "rotary", "relative", "alibi")])
COLOURS = ["#000000", "#d55e00", "#b0b0b0", "#808080", "#505050",
           "#56b4e9", "#0072b2", "#cc79a7", "#009e73", "#e69f00", "#7f3c8d"]
WIDTH, HEIGHT, LEFT, TOP, GAP = 300, 200, 50, 30, 60


def name_of(variant):
    return variant.replace("/", "-")


def flags_of(task, variant):
    model, _, positions = variant.partition("/")
    return ["--task", task, "--model", model] + (["--set", f"model.positions={positions}"] if positions else [])


def target(task, source):
    if task == "add":
        a, b = source.split("+")
        return str(int(a) + int(b))
    return {"copy": source, "reverse": source[::-1], "sort": "".join(sorted(source))}[task]


def draw(task, length, count, numbers):
    """Sources of this length. The longer number of a sum has it, the other one any length up to it."""
    digits = lambda n: (numbers.choice("123456789") if n > 1 else numbers.choice("0123456789")) + "".join(
        numbers.choice("0123456789") for _ in range(n - 1))
    for _ in range(count):
        if task == "add":
            pair = [digits(length), digits(numbers.randint(1, length))]
            numbers.shuffle(pair)
            yield "+".join(pair)
        else:
            yield "".join(chr(ord("a") + numbers.randrange(26)) for _ in range(length))


def measured(folder, task, count):
    """Exact outputs per length, and of the task's own test pairs."""
    own = result_of("eval", "--run", folder, "--task", task, "--bootstrap", 0)
    result = {"test": own["exact"] / own["pairs"]}
    numbers = random.Random(1)
    sources = [(n, s) for n in range(1, 2 * LONGEST[task] + 1) for s in draw(task, n, count, numbers)]
    if not sources:
        return result
    text = "".join(s + "\n" for _, s in sources)
    pairs = [tuple(line.split("\t")) for line in output_of("decode", "--run", folder, text=text).splitlines()]
    if [source for source, _ in pairs] != [source for _, source in sources]:
        sys.exit(f"lengths.py: {folder}: the outputs of gradus decode do not belong to the sources")
    for n in range(1, 2 * LONGEST[task] + 1):
        right = [o == target(task, s) for (length, s), (_, o) in zip(sources, pairs) if length == n]
        result[n] = sum(right) / len(right)
    return result


def ranges(longest):
    """The lengths of training, and quarters of what is beyond."""
    cuts = [longest + longest * i // 4 for i in range(5)]
    return [(1, longest)] + [(low + 1, high) for low, high in zip(cuts, cuts[1:])]


def table(results, tasks, variants):
    lines = []
    for task in tasks:
        spans = ranges(LONGEST[task]) if LONGEST[task] else []
        names = [f"{low}–{high}" if low < high else f"{low}" for low, high in spans]
        lines += [f"| {task} | test pairs | " + " | ".join(names) + " |" if names else f"| {task} | test pairs |",
                  "|---" * (2 + len(names)) + "|"]
        for variant in variants:
            found = results[task, variant]
            cells = [found["test"]] + [sum(found[n] for n in range(low, high + 1)) / (high - low + 1)
                                       for low, high in spans]
            lines.append(f"| {variant.replace('/', ', ')} | " + " | ".join(f"{100 * c:.1f}" for c in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def picture(results, tasks, variants):
    tasks = [t for t in tasks if LONGEST[t]]
    width, height = LEFT + len(tasks) * (WIDTH + GAP), TOP + HEIGHT + 60 + 18 * ((len(variants) + 3) // 4)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
             'font-size="12"><rect width="100%" height="100%" fill="white"/>']
    for column, task in enumerate(tasks):
        left, longest = LEFT + column * (WIDTH + GAP), LONGEST[task]
        x = lambda n: left + WIDTH * (n - 1) / (2 * longest - 1)
        y = lambda share: TOP + HEIGHT * (1 - share)
        parts.append(f'<text x="{left}" y="{TOP - 10}" font-weight="bold">{escape(task)}</text>')
        for share in (0, 0.25, 0.5, 0.75, 1):
            parts.append(f'<line x1="{left}" x2="{left + WIDTH}" y1="{y(share)}" y2="{y(share)}" stroke="#ddd"/>'
                         f'<text x="{left - 6}" y="{y(share) + 4}" text-anchor="end">{100 * share:.0f}</text>')
        for n in range(1, 2 * longest + 1, 1 if longest < 6 else 4):
            parts.append(f'<text x="{x(n):.1f}" y="{TOP + HEIGHT + 16}" text-anchor="middle">{n}</text>')
        parts.append(f'<line x1="{x(longest):.1f}" x2="{x(longest):.1f}" y1="{TOP}" y2="{TOP + HEIGHT}" stroke="#888" '
                     'stroke-dasharray="4 3"/>')
        for variant in variants:
            found, colour = results[task, variant], COLOURS[VARIANTS.index(variant)]
            points = " ".join(f"{x(n):.1f},{y(found[n]):.1f}" for n in range(1, 2 * longest + 1))
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
    parts.append(f'<text x="{LEFT}" y="{TOP + HEIGHT + 34}">length of the source; dashed: the longest of training; '
                 'per cent exact</text>')
    for i, variant in enumerate(variants):
        x, y = LEFT + i % 4 * 220, TOP + HEIGHT + 56 + i // 4 * 18
        parts.append(f'<line x1="{x}" x2="{x + 20}" y1="{y - 4}" y2="{y - 4}" stroke="{COLOURS[VARIANTS.index(variant)]}" '
                     f'stroke-width="2"/><text x="{x + 26}" y="{y}">{escape(variant.replace("/", ", "))}</text>')
    return "\n".join(parts + ["</svg>\n"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tasks", default=",".join(LONGEST))
    parser.add_argument("--models", default=",".join(VARIANTS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sources", type=int, default=200)
    options, flags = parse(parser)
    tasks, variants = options.tasks.split(","), options.models.split(",")
    for word in [t for t in tasks if t not in LONGEST] + [v for v in variants if v not in VARIANTS]:
        parser.error(f"there is no {word}; tasks: {', '.join(LONGEST)}; models: {', '.join(VARIANTS)}")

    def one(task, variant):
        folder = options.out / task / name_of(variant)
        train(folder, flags_of(task, variant) + flags)
        return measured(folder, task, options.sources)

    with ThreadPoolExecutor(options.jobs) as pool:
        waiting = {(t, v): pool.submit(one, t, v) for t in tasks for v in variants}
        results = {key: found.result() for key, found in waiting.items()}
    with open(options.out / "lengths.tsv", "w") as out:
        out.write("task\tmodel\tlength\texact\n")
        for (task, variant), found in results.items():
            out.writelines(f"{task}\t{variant}\t{n}\t{share:.4f}\n" for n, share in found.items())
    (options.out / "lengths.md").write_text(table(results, tasks, variants))
    (options.out / "lengths.svg").write_text(picture(results, tasks, variants))
    print((options.out / "lengths.md").read_text())


if __name__ == "__main__":
    main()
