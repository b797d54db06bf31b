#!/usr/bin/env bash
# Formats all sources with clang-format (14 or newer), or checks that they are formatted.
set -euo pipefail

case "${1:-}" in
  "") arguments=(-i) ;;
  --check) arguments=(--dry-run --Werror) ;;
  *)
    echo "Usage: scripts/format.sh [--check]"
    echo "Formats every .h and .cpp file of the repository. With --check, only lists files that are not formatted, and then exits with 1."
    [[ "$1" == "--help" || "$1" == "-h" ]] && exit 0
    exit 2
    ;;
esac

if ! command -v clang-format >/dev/null; then
  echo "format: clang-format was not found (Debian/Ubuntu package: clang-format)" >&2
  exit 1
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cpp' | xargs -0 -r clang-format "${arguments[@]}"
