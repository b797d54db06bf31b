#!/usr/bin/env python3
"""Words to phones: trains the best recipe of each model with several seeds, and measures the runs and their ensembles.

usage: cmudict_best.py DATA OUT [--models rnn,transformer] [--seeds 1,2,3] [--beam N] [--jobs N] [-- FLAGS OF gradus train...]

DATA is a folder with train.tsv, dev.tsv and, if it is there, test.tsv. dev.tsv chooses the checkpoints. OUT/MODEL-SEED are normal run
directories. Complete ones are kept, and interrupted ones are resumed: start the same command again, or with more seeds. Writes
OUT/best.md (a table: parameters, steps, processor minutes, errors of each run, and of the ensemble of a model's seeds) and the
learning curves OUT/curves.svg. N trainings run at the same time (--jobs, 2), with one thread each. GRADUS is the program
(build/release/gradus). Needs no package.
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gradus_runs import parse, result_of, train

REGULARISED = "--set train.label_smoothing=0.1 --set train.average=0.9995 --set train.precision=bf16 --set train.save_every=500"
RECIPES = {
    "rnn": "--model rnn --set model.cell=lstm --set model.encoder_layers=2 --set model.hidden=384 --set model.dropout=0.3 "
           "--set train.lr=0.0015 --set train.warmup=1000 --set train.epochs=10",
    "rnn-attention": "--model rnn-attention --set model.alignment=qkv --set model.cell=lstm --set model.encoder_layers=3 "
                     "--set model.decoder_layers=2 --set model.dropout=0.3 --set train.lr=0.0015 --set train.warmup=1000 "
                     "--set train.epochs=16",
    "attention": "--model attention --set model.dim=256 --set model.dropout=0.1 --set train.epochs=10",
    "attention-no-positions": "--model attention --set model.positions=none --set model.dim=256 --set model.dropout=0.1 "
                               "--set train.epochs=10",
    "transformer": "--model transformer --set model.dim=160 --set model.ffn=640 --set model.encoder_layers=4 "
                   "--set model.decoder_layers=3 --set model.positions=sinusoidal --set model.dropout=0.1 "
                   "--set model.attention_dropout=0 --set train.lr=0.0015 --set train.warmup=2000 --set train.beta2=0.98 "
                   "--set train.epochs=44",
}


def flags_of(pairs, dev, model, seed):
    return ["--train", pairs, "--valid", dev, "--preset", "small", *RECIPES[model].split(),
            *REGULARISED.split(), "--set", f"train.seed={seed}"]


def minutes(folder):
    times = [json.loads(line) for line in (folder / "times.jsonl").read_text().splitlines()]
    return times[-1]["seconds"] / 60


def errors(folders, file, beam):
    """Word and phone errors, in per cent."""
    runs = [word for folder in folders for word in ("--run", folder)]
    found = result_of("eval", *runs, "--test", file, "--beam", beam, "--bootstrap", 0)
    return 100 * found["sequence_error_rate"], 100 * found["token_error_rate"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--models", default=",".join(RECIPES))
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    options, flags = parse(parser)
    models = options.models.split(",")
    seeds = [int(s) for s in options.seeds.split(",")]
    for model in models:
        if model not in RECIPES:
            parser.error(f"there is no recipe {model}; the recipes: {', '.join(RECIPES)}")
    folder_of = lambda model, seed: options.out / f"{model}-{seed}"
    options.out.mkdir(parents=True, exist_ok=True)
    # All models with the first seed, then with the next one.
    wanted = [(model, seed) for seed in seeds for model in models]
    pairs, dev = options.data / "train.tsv", options.data / "dev.tsv"
    with ThreadPoolExecutor(options.jobs) as pool:
        trained = dict(zip(wanted, pool.map(
            lambda key: train(folder_of(*key), flags_of(pairs, dev, *key) + flags), wanted)))
    files = [f for f in (dev, options.data / "test.tsv") if f.exists()]
    headings = [f"{f.stem} {what}" for f in files for what in ("WER", "PER")]
    lines = ["| model | seed | parameters | steps | minutes | " + " | ".join(headings) + " |",
             "|---" * (5 + len(headings)) + "|"]
    cells = lambda folders: " | ".join(f"{e:.1f} %" for f in files for e in errors(folders, f, options.beam))
    for model in models:
        folders = [folder_of(model, seed) for seed in seeds]
        for seed, folder in zip(seeds, folders):
            done = trained[model, seed]
            lines.append(f"| {model} | {seed} | {done['parameters'] / 1e6:.2f} M | {done['steps']} | {minutes(folder):.0f} | "
                         f"{cells([folder])} |")
        if len(folders) > 1:
            lines.append(f"| {model}, ensemble | {', '.join(map(str, seeds))} | | | | {cells(folders)} |")
    (options.out / "best.md").write_text("\n".join(lines) + "\n")
    subprocess.run([sys.executable, str(Path(__file__).resolve().parent / "curves.py"), str(options.out)], check=True)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
