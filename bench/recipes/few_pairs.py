#!/usr/bin/env python3
"""What a preset makes of few pairs: 800 words to phones, and 1,000 made inflections.

usage: few_pairs.py DATA OUT [--pairs words,inflections] [--preset NAME] [--jobs N] [-- FLAGS OF gradus train...]

DATA is a folder with train.tsv and dev.tsv of words and phones. 800 lines of train.tsv and 1,000 words of dev.tsv are drawn, with a
fixed seed. An inflection has a stem, features and a form: features choose the suffix, and change the last vowel or the last
consonant of the stem, as in `tek  V;PTCP  tegt`. Trains the models with attention (OUT/DATA/MODEL, normal run directories) and
prints a table of exact outputs, also as OUT/few_pairs.md. N trainings run at the same time (--jobs, 2), with one thread each.
GRADUS is the program (build/release/gradus). Needs no package.
"""

import argparse
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gradus_runs import parse, result_of

MODELS = {"rnn-attention": ["--model", "rnn-attention"],
          "rnn-attention, copy": ["--model", "rnn-attention", "--set", "model.copy=true"],
          "transformer": ["--model", "transformer"],
          "transformer, copy": ["--model", "transformer", "--set", "model.copy=true"]}

CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
CHANGED_VOWEL = dict(zip(VOWELS, "äiiöü"))
VOICED = dict(zip("tpkfs", "dbgvz"))
# Features: the suffix, and whether the last vowel and the last consonant change.
FORMS = {"N;PL": ("en", True, False), "N;GEN": ("s", False, False), "N;DAT;PL": ("em", True, False),
         "V;PST": ("te", False, False), "V;PTCP": ("t", False, True), "V;3SG": ("et", True, True),
         "ADJ;CMPR": ("er", True, False), "ADJ;SPRL": ("est", False, True)}


def form_of(stem, features):
    suffix, vowel, consonant = FORMS[features]
    if consonant:
        stem = stem[:-1] + VOICED.get(stem[-1], stem[-1])
    if vowel:
        at = max(stem.rfind(v) for v in VOWELS)
        stem = stem[:at] + CHANGED_VOWEL[stem[at]] + stem[at + 1:]
    return stem + suffix


def inflections(count):
    """Different pairs of stem and features, as lines of stem, form and features."""
    numbers, lines = random.Random(1), {}
    while len(lines) < count:
        syllables = numbers.randint(1, 3)
        stem = "".join(numbers.choice(CONSONANTS) + numbers.choice(VOWELS) for _ in range(syllables))
        stem += numbers.choice(CONSONANTS)
        features = numbers.choice(list(FORMS))
        lines[stem, features] = f"{stem}\t{form_of(stem, features)}\t{features}\n"
    return list(lines.values())


def drawn_words(path, count):
    """All lines of so many words, in the order of the file."""
    lines = path.read_text().splitlines(keepends=True)
    words = sorted({line.split("\t")[0] for line in lines})
    chosen = set(random.Random(1).sample(words, count))
    return [line for line in lines if line.split("\t")[0] in chosen]


def write_data(data, out):
    """The files of both tasks, and the flags that read them."""
    made = inflections(2000)
    files = {"words": (random.Random(1).sample((data / "train.tsv").read_text().splitlines(keepends=True), 800),
                       drawn_words(data / "dev.tsv", 1000), []),
             "inflections": (made[:1000], made[1000:],
                             ["--columns", "source=1,target=2,features=3", "--target-tokens", "characters"])}
    flags = {}
    for name, (train, dev, reading) in files.items():
        (out / f"{name}.train.tsv").write_text("".join(train))
        (out / f"{name}.dev.tsv").write_text("".join(dev))
        flags[name] = ["--train", str(out / f"{name}.train.tsv"), "--valid", str(out / f"{name}.dev.tsv")] + reading
    return flags


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pairs", default="words,inflections")
    parser.add_argument("--preset", default="small")
    parser.add_argument("--jobs", type=int, default=2)
    options, flags = parse(parser)
    options.out.mkdir(parents=True)
    written = write_data(options.data, options.out)
    unknown = [name for name in options.pairs.split(",") if name not in written]
    if unknown:
        parser.error(f"--pairs: {unknown[0]} is none of {', '.join(written)}")
    reading = {name: written[name] for name in options.pairs.split(",")}

    def exact(name, model):
        """The share of exact outputs of the best checkpoint."""
        result = result_of("train", "--preset", options.preset, *MODELS[model], *reading[name], *flags, "--threads", 1,
                           "--out", options.out / name / model.replace(", ", "-"))
        share = 1 - result["best_valid_sequence_error_rate"]
        print(f"{name}, {model}: {100 * share:.1f} %", file=sys.stderr, flush=True)
        return share

    for name in reading:
        (options.out / name).mkdir()
    # Phones are not letters, so there is nothing to copy.
    wanted = [(name, model) for name in reading for model in MODELS if name != "words" or "copy" not in model]
    with ThreadPoolExecutor(options.jobs) as pool:
        found = dict(zip(wanted, pool.map(lambda key: exact(*key), wanted)))
    lines = ["| pairs | model | exact |", "|---|---|---|"]
    lines += [f"| {name} | {model} | {100 * share:.1f} % |" for (name, model), share in found.items()]
    (options.out / "few_pairs.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
