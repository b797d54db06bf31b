#!/bin/sh
# Makes the rules of ops wrong, one at a time, and counts how many the op table catches.
# Usage: scripts/mutants.sh [build folder]
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/release}
[ -f "$build/build.ninja" ] || cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release
cmake --build "$build" --target gradus_mutants
"$build/gradus_mutants"
