#!/usr/bin/env python3
"""Draws the first output of files of `gradus decode --attention FILE`, side by side, as SVG on standard output.

usage: attention.py FILE...     (a panel has the name of its file as its title)
"""
import html
import json
import pathlib
import sys

CELL, LEFT, TOP, GAP = 24, 34, 64, 30
STYLE = """
  text { font: 14px sans-serif; fill: #1f2328; text-anchor: middle; dominant-baseline: central }
  .title { font-weight: bold } .side { font-size: 12px; fill: #59636e }
  .cell { fill: #0550ae } .frame { fill: none; stroke: #818b98 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .side { fill: #9198a1 } .cell { fill: #79c0ff } .frame { stroke: #656c76 }
  }"""


def text(x, y, words, kind=""):
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{html.escape("⏎" if words == "<eos>" else words)}</text>'


def panel(x, title, found):
    """The drawing of one map, and its width. Rows are tokens of the output, columns tokens of the source."""
    source, output = found["source"], found["output"]
    width, height = CELL * len(source), CELL * len(output)
    left = x + LEFT
    parts = [text(left + width / 2, 14, title, "title"), text(left + width / 2, 32, "source", "side")]
    parts += [text(left + CELL * (i + 0.5), TOP - 12, token) for i, token in enumerate(source)]
    for j, (token, weights) in enumerate(zip(output, found["attention"])):
        y = TOP + CELL * j
        parts.append(text(left - 14, y + CELL / 2, token))
        for i, weight in enumerate(weights):
            parts.append(f'<rect class="cell" x="{left + CELL * i}" y="{y}" width="{CELL}" height="{CELL}" '
                         f'opacity="{weight:.2f}"><title>{weight:.2f}</title></rect>')
    parts.append(f'<rect class="frame" x="{left}" y="{TOP}" width="{width}" height="{height}"/>')
    return parts, LEFT + width, TOP + height


def main():
    parts, x, height = [], 0, 0
    for file in map(pathlib.Path, sys.argv[1:]):
        drawing, width, bottom = panel(x, file.stem, json.loads(file.read_text(encoding="utf-8").splitlines()[0]))
        parts += drawing
        x, height = x + width + GAP, max(height, bottom)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 0 {x - GAP + 4} {height + 4}" width="{x - GAP + 4}" '
          f'role="img" aria-label="Attention weights: a row per output token, a column per source token">'
          f"<style>{STYLE}\n</style>")
    print("\n".join(parts) + "\n</svg>")


if __name__ == "__main__":
    main()
