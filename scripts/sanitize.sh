#!/usr/bin/env bash
# Runs all tests under sanitizers.
set -euo pipefail

usage() {
  cat <<HELP
Usage: scripts/sanitize.sh address|thread [argument of ctest]...

Builds the tests and the program with sanitizers and runs all tests, also those that start the program:

  address   AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer, in build/asan
  thread    ThreadSanitizer, in build/tsan

Exits with 0 if all tests pass and no sanitizer reports anything. A report fails its test and is shown.
Works from any directory. A second run does only the remaining work.

Example: scripts/sanitize.sh thread -R shards    (only the tests with 'shards' in their name)
HELP
}

case "${1:-}" in
  address) preset=asan ;;
  thread) preset=tsan ;;
  --help | -h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
shift

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
step() { printf '\n==> %s\n' "$*"; }

step "Dependencies"
"$root/scripts/install-dependencies.sh" --clang
cd "$root"
step "Configure: cmake --preset $preset"
cmake --preset "$preset" -DGRADUS_TESTS=ON
step "Build: cmake --build --preset $preset"
cmake --build --preset "$preset" --parallel "$(nproc)"
step "Test: ctest --preset $preset $*"
ctest --preset "$preset" "$@"
