#!/usr/bin/env bash
# usage: examples/joint.sh PAIRS.tsv [OUT]   (GRADUS=build/release/gradus)
# Trains one model on two tasks: letters to phones and phones to letters. PAIRS.tsv is a set of pairs
# word<TAB>phones, such as a pronouncing dictionary. A third column, the feature, holds the task of a line.
# Compares it with a model of the first task alone after as many steps. Takes about half a minute.
set -euo pipefail
pairs=$1 out=${2:-$(mktemp -d)}
gradus=${GRADUS:-build/release/gradus}
mkdir -p "$out"

# "cat<TAB>K AE T" becomes "c a t<TAB>K AE T<TAB>phones" and "K AE T<TAB>c a t<TAB>letters".
tasks() {
  awk -F '\t' -v OFS='\t' -v only="$1" '{
    gsub(/./, "& ", $1); sub(/ $/, "", $1)
    print $1, $2, "phones"
    if (only == "both") print $2, $1, "letters"
  }'
}
awk 'NR % 40 == 0' "$pairs" | tasks both > "$out/both.tsv"
awk 'NR % 40 == 0' "$pairs" | tasks phones > "$out/phones.tsv"
awk 'NR % 400 == 20' "$pairs" | tasks phones > "$out/test.tsv"
wc -l "$out"/{both,phones,test}.tsv

settings=(--model rnn-attention --columns features=3 --source-tokens whitespace --target-tokens whitespace
  --valid "$out/test.tsv" --steps 600 --set train.evaluate_every=100)
for tasks in phones both; do
  "$gradus" train "${settings[@]}" --train "$out/$tasks.tsv" --out "$out/run-$tasks"
done
for run in phones both; do
  printf '%-8s' "$run"
  "$gradus" eval --run "$out/run-$run" --test "$out/test.tsv" 2> /dev/null | tail -n 1
done
# The feature says which task the model does.
printf 'g r a d u s\tphones\nG R AE D AH S\tletters\n' | "$gradus" decode --run "$out/run-both"
