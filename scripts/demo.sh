#!/usr/bin/env bash
# Installs, builds, and trains the four models side by side on a toy task.
set -euo pipefail

if [[ "${1:-}" == "--help" || "${1:-}" == "-h" ]]; then
  cat <<HELP
Usage: scripts/demo.sh [argument of 'gradus demo']...

Installs the packages that are missing (Debian/Ubuntu; sudo when not root), builds the program in build/release, and
runs 'gradus demo', which trains the four models on one toy task and prints their accuracy by source length.
Works from any directory. A second run does only the remaining work.

Example: scripts/demo.sh --out /tmp/demo      (all arguments: build/release/gradus demo --help)
HELP
  exit 0
fi

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
step() { printf '\n==> %s\n' "$*" >&2; }

(
  step "Dependencies"
  "$root/scripts/install-dependencies.sh"
  cd "$root"
  step "Configure: cmake --preset release"
  cmake --preset release
  step "Build: cmake --build --preset release --target gradus gradus_share"
  cmake --build --preset release --parallel "$(nproc)" --target gradus gradus_share
) >&2

step "Run: gradus demo $*"
exec "$root/build/release/gradus" demo "$@"
