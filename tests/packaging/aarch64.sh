#!/usr/bin/env bash
# Builds the library for 64-bit ARM, and runs its tests under qemu-aarch64.
set -euo pipefail

usage() {
  cat <<HELP
Usage: tests/packaging/aarch64.sh [FOLDER] [NAMES]

In FOLDER (build/aarch64): downloads Debian's packages for arm64 into sysroot/ (nothing is installed on this machine),
builds the components autograd, nn and optim with aarch64-linux-gnu-g++, and runs the tests of their ops, layers and
optimisers under qemu-aarch64: all, or those with these Catch2 NAMES. Takes about ten minutes.

Needs root, for debootstrap, and the packages debootstrap, g++-aarch64-linux-gnu and qemu-user.
HELP
}

[[ "${1:-}" != "--help" && "${1:-}" != "-h" ]] || { usage; exit 0; }
tree="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
mkdir -p "${1:-$tree/build/aarch64}"
folder="$(realpath "${1:-$tree/build/aarch64}")"
[[ $# -eq 0 ]] || shift
for program in debootstrap aarch64-linux-gnu-g++ qemu-aarch64; do
  command -v $program >/dev/null || { echo "aarch64: $program is missing; see --help" >&2; exit 1; }
done

export SYSROOT="$folder/sysroot"
if [[ ! -e "$SYSROOT/complete" ]]; then
  rm -rf "$SYSROOT"
  debootstrap --foreign --variant=minbase --arch=arm64 \
    --include=libtbb-dev,libfmt-dev,zlib1g-dev,libopenblas0-pthread,nlohmann-json3-dev,catch2 \
    bookworm "$SYSROOT" http://deb.debian.org/debian
  for package in "$SYSROOT"/var/cache/apt/archives/*.deb; do dpkg-deb -x "$package" "$SYSROOT"; done
  # The link that the package's own script would make.
  ln -sf openblas-pthread/libopenblas.so.0 "$SYSROOT/usr/lib/aarch64-linux-gnu/libopenblas.so.0"
  touch "$SYSROOT/complete"
fi
cmake -S "$tree/tests/packaging/ops" -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_TOOLCHAIN_FILE="$tree/tests/packaging/aarch64.cmake"
cmake --build "$folder/build" --parallel "$(nproc)"
file -L "$folder/build/ops" | grep -q aarch64 || { echo "aarch64: the tests are of another processor" >&2; exit 1; }
cd "$tree"
qemu-aarch64 -L "$SYSROOT" "$folder/build/ops" --durations no "$@"
