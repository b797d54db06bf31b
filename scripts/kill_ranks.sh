#!/usr/bin/env bash
# Kills ranks of a training at random moments, resumes it, and compares its files with those of an undisturbed run.
set -euo pipefail

if [[ "${1:-}" == "--help" || "${1:-}" == "-h" ]]; then
  cat <<HELP
Usage: scripts/kill_ranks.sh [kills]

Needs build/release with -DGRADUS_MPI=ON. Trains on 2 to 4 ranks, another number after each kill (default: 50 kills).
Prints how long the job took to end after each kill. Exits with 1 if that is ten seconds or more, if a checkpoint does
not load, if the files differ at the end, or if the training ended before all kills.
HELP
  exit 0
fi

kills="${1:-50}"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
program="$root/build/release/gradus"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

settings=(--task reverse --model rnn-attention --preset tiny --set train.shards=4 --set train.epochs=0 --set train.min_steps=0
          --set train.steps=$((kills * 200)) --set train.evaluate_every=50 --set train.save_every=5
          --set model.dropout=0.2 --set train.average=0.9)
"$program" train "${settings[@]}" --out whole 2>/dev/null

RANDOM=1
done_kills=0
longest=0
while :; do
  mpirun -n $((2 + RANDOM % 3)) "$program" train --resume "${settings[@]}" --out parts >result 2>log &
  job=$!
  sleep "$((1 + RANDOM % 2)).$((RANDOM % 10))"
  mapfile -t ranks < <(pgrep -f "^$program train --resume")
  if [[ $done_kills -lt $kills && ${#ranks[@]} -gt 0 ]] && kill -9 "${ranks[RANDOM % ${#ranks[@]}]}" 2>/dev/null; then
    start="$(date +%s%N)"
    wait "$job" || true
    took=$((($(date +%s%N) - start) / 1000000))
    if [[ $took -gt $longest ]]; then longest=$took; fi
    done_kills=$((done_kills + 1))
    if [[ $took -ge 10000 ]]; then
      echo "kill $done_kills: the job ended after $took ms" >&2
      exit 1
    fi
    if [[ -e parts/last.safetensors ]] && ! "$program" inspect parts/last.safetensors >/dev/null; then
      echo "kill $done_kills: the checkpoint does not load" >&2
      exit 1
    fi
    continue
  fi
  if ! wait "$job"; then
    cat log >&2
    exit 1
  fi
  break
done
if [[ $done_kills -lt $kills ]]; then
  echo "the training ended after $done_kills of $kills kills: it needs more steps on this machine" >&2
  exit 1
fi
diff -r --brief -x times.jsonl -x provenance.json whole parts
echo "$done_kills kills; the job ended at most $longest ms after one; the files are those of an undisturbed run"
