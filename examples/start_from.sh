#!/usr/bin/env bash
# usage: examples/start_from.sh PAIRS.tsv [OUT]   (GRADUS=build/release/gradus)
# Shows what trained parameters are worth for a small set: PAIRS.tsv is a large set of pairs source<TAB>target, such as a
# pronouncing dictionary. Its long sources count as a new domain with few pairs. Takes about half a minute.
set -euo pipefail
pairs=$1 out=${2:-$(mktemp -d)}
gradus=${GRADUS:-build/release/gradus}
mkdir -p "$out"

awk -F '\t' 'length($1) < 9 && NR % 8 == 0' "$pairs" > "$out/many.tsv"
awk -F '\t' 'length($1) >= 10' "$pairs" > "$out/long.tsv"
awk 'NR % 40 == 0' "$out/long.tsv" > "$out/few.tsv"
awk 'NR % 40 == 20' "$out/long.tsv" > "$out/test.tsv"
wc -l "$out"/{many,few,test}.tsv

few=(--train "$out/few.tsv" --valid "$out/test.tsv" --epochs 20 --set train.best_by=loss)
"$gradus" train --model rnn-attention --train "$out/many.tsv" --epochs 8 --out "$out/old"
"$gradus" train --model rnn-attention "${few[@]}" --out "$out/scratch"
"$gradus" train --from "$out/old" "${few[@]}" --lr 0.001 --out "$out/from"
"$gradus" train --from "$out/old" "${few[@]}" --lr 0.001 --freeze encoder --out "$out/frozen"
for run in old scratch from frozen; do
  printf '%-8s' "$run"
  "$gradus" eval --run "$out/$run" --test "$out/test.tsv" 2> /dev/null | tail -n 1
done
