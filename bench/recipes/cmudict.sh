#!/usr/bin/env bash
# Searches recipes for words to phones: trains grids of short runs with equal budgets, and writes a table and curves.
#
# usage: bench/recipes/cmudict.sh DATA OUT [--minutes M] [--resume] [GRID...] [-- FLAGS OF gradus sweep...]
#
#   DATA       a folder with train.tsv and dev.tsv
#   OUT        a new folder: OUT/GRID is a sweep of normal run directories
#   --minutes  length of each training without its validations (5); steps are timed, so leave the machine to it
#   --resume   goes on with OUT after an interrupt, a crash or kill -9, or with more grids or combinations
#   GRID       files of bench/recipes/grids, without .flags (all of them): flags of `gradus sweep`, # begins a comment
#   FLAGS      for every grid, such as --set train.seed=1,2,3, or --steps 500 in place of --minutes
#
# Results: OUT/GRID/sweep.tsv (settings, best value, steps, parameters), OUT/curves.tsv and OUT/curves.svg (loss
# and errors against minutes). GRADUS is the program (build/release/gradus).
# The held-out test words have no part in this: choose on dev.tsv.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
gradus=${GRADUS:-$here/../../build/release/gradus}
fail() { echo "cmudict.sh: $*" >&2; exit 2; }

folders=() grids=() flags=() minutes=5 resume=0
while (($#)); do
  case $1 in
    --minutes) minutes=${2:?--minutes needs a number}; shift ;;
    --resume) resume=1 ;;
    --) shift; flags=("$@"); break ;;
    -*) fail "there is no option $1; flags of gradus sweep follow --" ;;
    *) if ((${#folders[@]} < 2)); then folders+=("$1"); else grids+=("$1"); fi ;;
  esac
  shift
done
((${#folders[@]} == 2)) || fail "expected DATA and OUT; the lines on top of $here/cmudict.sh have the usage"
data=${folders[0]} out=${folders[1]}
for file in "$data/train.tsv" "$data/dev.tsv"; do [[ -r $file ]] || fail "$file: cannot be read"; done
[[ -x $gradus ]] || fail "no program $gradus; build it, or set GRADUS"
((resume)) || [[ ! -e $out ]] || fail "$out exists: go on with --resume, or choose another folder"
((${#grids[@]})) || for file in "$here"/grids/*.flags; do grids+=("$(basename "$file" .flags)"); done
for grid in "${grids[@]}"; do
  [[ -r $here/grids/$grid.flags ]] || fail "there is no grid $grid; the grids: $(cd "$here/grids" && echo *.flags)"
done
budget=(--minutes "$minutes")
for flag in "${flags[@]}"; do [[ $flag != --steps && $flag != --epochs ]] || budget=(); done

mkdir -p "$out"
failed=0
for grid in "${grids[@]}"; do
  words=$(sed 's/#.*//' "$here/grids/$grid.flags")
  echo "== $grid"
  # shellcheck disable=SC2086  # the words of the file are separate flags
  "$gradus" sweep --train "$data/train.tsv" --valid "$data/dev.tsv" --out "$out/$grid" "${budget[@]}" $words \
    "${flags[@]}" || { code=$?; ((code == 1)) || exit "$code"; failed=1; }
done
python3 "$here/curves.py" "$out"
exit "$failed"
