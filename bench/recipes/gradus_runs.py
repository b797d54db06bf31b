"""Runs of gradus for the recipes of this folder. GRADUS in the environment is the program (build/release/gradus)."""

import json
import os
import subprocess
import sys
from pathlib import Path

GRADUS = os.environ.get("GRADUS", str(Path(__file__).resolve().parents[2] / "build/release/gradus"))


def parse(parser):
    """The options of a recipe, and the flags of gradus train behind a "--" of their own."""
    own, flags = sys.argv[1:], []
    if "--" in own:
        at = own.index("--")
        own, flags = own[:at], own[at + 1:]
    return parser.parse_args(own), flags


def output_of(*arguments, text=None):
    """The standard output of the program; `text` is its input. Ends the recipe if the program fails."""
    command = [GRADUS, *map(str, arguments)]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{Path(sys.argv[0]).name}: {' '.join(command)}: exit {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def result_of(*arguments):
    """The object in the last line that the program prints."""
    return json.loads(output_of(*arguments).splitlines()[-1])


def train(folder, flags, threads=1):
    """Trains a run with these flags, goes on with it after an interrupt, or leaves it if it is complete.

    Returns the result that training printed.
    """
    complete = folder / "complete.json"
    if complete.exists():
        return json.loads(complete.read_text())
    folder.parent.mkdir(parents=True, exist_ok=True)
    begun = (folder / "config.toml").exists()
    result = result_of("train", "--out", folder, "--threads", threads, *(["--resume"] if begun else flags))
    complete.write_text(json.dumps(result) + "\n")
    print(f"trained {folder}", file=sys.stderr, flush=True)
    return result
