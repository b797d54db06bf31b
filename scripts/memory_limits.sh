#!/usr/bin/env bash
# Runs the program under many limits of its memory.
set -euo pipefail

usage() {
  cat <<HELP
Usage: scripts/memory_limits.sh [build folder] [number of limits]

Runs train, decode and gradcheck with 1, 2 and 8 threads under limits of the address space (ulimit -v): by default
build/release and 100 limits, evenly spaced from 16 MB to 700 MB. Each run must succeed, or end with exit code 1 and one
line that begins with "gradus: ". Prints every other run, and a summary. Exits with 0 if there is no other run.
Takes about ten minutes.
HELP
}

case "${1:-}" in
  --help | -h) usage; exit 0 ;;
esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."
gradus="$(realpath "${1:-build/release}/gradus")"
limits=${2:-100}
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"

low=16000 high=700000  # kilobytes
model=(--model transformer --task reverse --preset tiny --set data.pairs=200 --set data.valid_pairs=20)
"$gradus" train "${model[@]}" --steps 3 --out run >/dev/null 2>&1
printf 'gradus\nlibrary\n' >sources

command_of() {
  case $1 in
    train) timeout 300 "$gradus" train "${model[@]}" --steps 3 --out new --overwrite --threads "$2" ;;
    decode) timeout 300 "$gradus" decode --run run --threads "$2" <sources ;;
    gradcheck) timeout 300 "$gradus" gradcheck --model rnn-attention --threads "$2" ;;
  esac
}

failed=0
for command in train decode gradcheck; do
  for threads in 1 2 8; do
    succeeded=0 messages=0 others=0
    for ((i = 0; i < limits; ++i)); do
      limit=$((low + (high - low) * i / (limits > 1 ? limits - 1 : 1)))
      code=0
      (
        ulimit -v "$limit"
        command_of "$command" "$threads"
      ) >out 2>err || code=$?
      lines=$(grep -c '^gradus: ' err || true)
      if [[ $code == 0 ]]; then
        succeeded=$((succeeded + 1))
      elif [[ $code == 1 && $lines == 1 && "$(tail -n 1 err)" == "gradus: "* ]]; then
        messages=$((messages + 1))
      else
        others=$((others + 1))
        echo "$command --threads $threads under ulimit -v $limit: exit code $code: $(tail -n 2 err | tr '\n' ' ')"
      fi
    done
    echo "$command --threads $threads: $succeeded succeeded, $messages ended with a message, $others otherwise"
    failed=$((failed + others))
  done
done
[[ $failed == 0 ]]
