#!/bin/sh
# Makes the rules of the engine wrong, one at a time, and counts how many the table of ops catches.
# Usage: scripts/mutants.sh [build folder]
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/mutants}
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DGRADUS_MUTATE=ON -DGRADUS_TESTS=OFF -DGRADUS_EXAMPLES=OFF
cmake --build "$build" --target gradus_mutants
"$build/gradus_mutants"
