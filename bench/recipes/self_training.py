#!/usr/bin/env python3
"""Words to phones from words without phones: trained runs read them, and a new run also learns what they read.

usage: self_training.py DATA OUT --teacher RUN... --words FILE... [--model NAME] [--seed N] [--sure P] [--repeat N] [--threads N]
       [-- FLAGS OF gradus train...]

DATA is a folder with train.tsv, dev.tsv and, if it is there, test.tsv. A FILE is a list of words, one per line, also compressed
with gzip; the rest of a line is ignored. Upper case becomes lower case. Words of DATA, and words with letters that are not in
train.tsv, are left out. The teachers, together if there are several, read the others with beam 5. Readings with a probability of
P or more are kept (0.3). OUT/train.tsv has them and N times the pairs of train.tsv (2). OUT/run is trained on it with the recipe
of NAME in cmudict_best.py (rnn-attention), and FLAGS; dev.tsv chooses its checkpoint. Prints the errors of the teachers, of the
run, and of all of them together, with beam 5. An interrupted recipe goes on where it was. GRADUS is the program
(build/release/gradus). Needs no package.
"""

import argparse
import gzip
import json
import math
from pathlib import Path

from cmudict_best import RECIPES, errors, flags_of, minutes
from gradus_runs import output_of, parse, train


def first_fields(path):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", errors="replace") as lines:
        return {line.split()[0].lower() for line in lines if line.strip()}


def new_words(data, files):
    """Words of the files that are not in DATA, and have only letters of train.tsv."""
    letters = set("".join(first_fields(data / "train.tsv")))
    known = set().union(*(first_fields(file) for file in data.glob("*.tsv")))
    return sorted(word for word in set().union(*map(first_fields, files)) - known if set(word) <= letters)


def readings(teachers, words, threads):
    """One reading per word: its phones and their probability."""
    runs = [flag for teacher in teachers for flag in ("--run", teacher)]
    lines = output_of("decode", *runs, "--beam", 5, "--json", "--threads", threads, text="".join(f"{word}\n" for word in words))
    return [json.loads(line) for line in lines.splitlines()]


def write_pairs(data, file, teachers, words, sure, repeat, threads):
    kept = [r for r in readings(teachers, words, threads) if r["finished"] and r["log_probability"] >= math.log(sure)]
    print(f"{len(words)} new words, {len(kept)} readings kept", flush=True)
    made = "".join(f"{r['source']}\t{r['output']}\n" for r in kept)
    file.with_suffix(".part").write_text((data / "train.tsv").read_text() * repeat + made)
    file.with_suffix(".part").rename(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--teacher", type=Path, action="append", required=True)
    parser.add_argument("--words", type=Path, action="append", required=True)
    parser.add_argument("--model", choices=RECIPES, default="rnn-attention")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sure", type=float, default=0.3)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    options, flags = parse(parser)
    options.out.mkdir(parents=True, exist_ok=True)
    pairs, run = options.out / "train.tsv", options.out / "run"
    if not pairs.exists():
        words = new_words(options.data, options.words)
        write_pairs(options.data, pairs, options.teacher, words, options.sure, options.repeat, options.threads)
    done = train(run, flags_of(pairs, options.data / "dev.tsv", options.model, options.seed) + flags, options.threads)
    print(f"{done['parameters']} parameters, {done['steps']} steps, {minutes(run):.0f} minutes")
    for name, runs in (("teachers", options.teacher), ("run", [run]), ("all", [*options.teacher, run])):
        print("{}: {:.1f} % of the words, {:.1f} % of the phones wrong".format(name, *errors(runs, options.data / "dev.tsv", 5)))


if __name__ == "__main__":
    main()
