#!/usr/bin/env bash
# Measures the branch coverage of the code that reads and writes files.
set -euo pipefail

if [[ $# -gt 0 ]]; then
  cat <<HELP
Usage: scripts/coverage.sh

Builds the tests of checkpoints, corpora, images and outputs in build/coverage with GCC's counters, runs them, and prints gcovr's report
of the branches taken in the code that reads and writes both. Exits with 1 unless all branches are taken.

Branches that GCC adds for exceptions (--exclude-throw-branches) and code that GCC marks as unreachable
(--exclude-unreachable-branches) do not count.

Environment: GRADUS_COVERAGE_BUILD, the build folder instead of build/coverage.
HELP
  [[ "$1" == "--help" || "$1" == "-h" ]] && exit 0
  exit 2
fi

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
"$root/scripts/install-dependencies.sh" --coverage
build="${GRADUS_COVERAGE_BUILD:-$root/build/coverage}"
cmake -S "$root" --preset coverage -B "$build"
cmake --build "$build" --parallel "$(nproc)" --target gradus_file_tests
find "$build" -name '*.gcda' -delete
(cd "$root" && "$build/tests/gradus_file_tests")

exec gcovr --root "$root" --branches --exclude-throw-branches --exclude-unreachable-branches --fail-under-branch 100 \
  --filter "$root/files/(internal/)?(crc32|file_buffer|file_calls|file_replacement|regular_file|safetensors|utf8)\\.cpp" \
  --filter "$root/data/(internal/)?(byte_reader|columns|corpus|dictionary|delimited_rows|features|gatherer|hypotheses|idx|json_object|json_rows|line_queue|lines|read_report|rows)\\.cpp" \
  --filter "$root/train/checkpoint\\.cpp" "$build"
