#!/usr/bin/env bash
# Measures how long gradus takes to compile.
set -euo pipefail

if [[ "${1:-}" == "--help" || "${1:-}" == "-h" ]]; then
  cat <<HELP
Usage: bench/build_times.sh [argument of cmake]...

Builds the release preset in a temporary folder, without a compiler cache: the libraries, then the rest (program, tests,
examples), then the tests again after a touched op and after a touched test. Prints seconds of real and of processor
time for each. Compare on a quiet machine, without and with an argument in turn.

Example: bench/build_times.sh -DCMAKE_UNITY_BUILD=OFF
HELP
  exit 0
fi

cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
export CCACHE_DISABLE=1

# Builds targets, and prints the time that it took: measure NAME TARGET...
measure() {
  local TIMEFORMAT='%R %U %S' times
  times="$( { time cmake --build "$folder" --parallel "$(nproc)" --target "${@:2}" >"$folder/log" 2>&1 ||
    { cat "$folder/log" >&2; exit 1; }; } 2>&1)"
  awk -v name="$1" '{ printf "%-28s %7.1f s real %7.1f s processor\n", name, $1, $2 + $3 }' <<<"$times"
}

cmake --preset release -B "$folder" "$@" >"$folder/log" || { cat "$folder/log" >&2; exit 1; }
measure "libraries" gradus_train
measure "the rest" all
touch autograd/ops/losses.cpp
measure "tests after a touched op" gradus_tests
touch tests/nn_layers_test.cpp
measure "tests after a touched test" gradus_tests
