#!/usr/bin/env bash
# Installs, builds, and runs all tests.
set -euo pipefail

if [[ "${1:-}" == "--help" || "${1:-}" == "-h" ]]; then
  cat <<HELP
Usage: scripts/test.sh [argument of ctest]...

Installs the packages that are missing (Debian/Ubuntu; sudo when not root), builds everything in build/release, runs
the tests and the examples, and prints the summary. Exits with 0 if all pass. The output of failed tests is shown.
Works from any directory. A second run does only the remaining work.

Example: scripts/test.sh -R softmax           (only the tests with 'softmax' in their name)
HELP
  exit 0
fi

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
step() { printf '\n==> %s\n' "$*"; }

step "Dependencies"
"$root/scripts/install-dependencies.sh" --docs
cd "$root"
step "Configure: cmake --preset release"
cmake --preset release -DGRADUS_TESTS=ON -DGRADUS_EXAMPLES=ON
step "Build: cmake --build --preset release"
cmake --build --preset release --parallel "$(nproc)"
step "Test: ctest --preset release $*"
ctest --preset release "$@"
