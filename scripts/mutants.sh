#!/bin/sh
# Makes one rule of an op wrong at a time, and counts the errors that the op table catches.
# Usage: scripts/mutants.sh [build folder]
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/release}
[ -f "$build/build.ninja" ] || cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release
cmake --build "$build" --target gradus_mutants
"$build/gradus_mutants"
