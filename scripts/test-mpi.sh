#!/usr/bin/env bash
# Builds with MPI and runs the tests that need it.
set -euo pipefail

if [[ "${1:-}" == "--help" || "${1:-}" == "-h" ]]; then
  cat <<HELP
Usage: scripts/test-mpi.sh

Installs Open MPI if it is missing (Debian/Ubuntu; sudo when not root), sets GRADUS_MPI in build/release, builds the
program, and runs it on several ranks. They may be more than the processors.
HELP
  exit 0
fi

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"
scripts/install-dependencies.sh --mpi
cmake --preset release -DGRADUS_TESTS=ON -DGRADUS_MPI=ON
cmake --build --preset release --parallel "$(nproc)" --target gradus
ctest --preset release -L mpi
