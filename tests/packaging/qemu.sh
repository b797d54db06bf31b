#!/usr/bin/env bash
# Runs the packaged program on emulated processors.
set -euo pipefail

usage() {
  cat <<HELP
Usage: tests/packaging/qemu.sh [BUILD]

Runs the program of a build of the preset package (BUILD: build/package) under qemu-x86_64 (package qemu-user) on
processors of several levels of x86-64, and on this one:

  - which libraries are loaded, and for which vectors they were built,
  - the op table of gradcheck to first order,
  - one short training run,
  - the message on a processor below x86-64-v2.

qemu emulates no AVX-512, so libraries of x86-64-v4 run only on this processor, if it has the level. Takes about ten minutes.
HELP
}

[[ "${1:-}" != "--help" && "${1:-}" != "-h" ]] || { usage; exit 0; }
[[ $# -le 1 ]] || { usage >&2; exit 2; }
tree="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
build="$(realpath "${1:-$tree/build/package}")"
program="$build/gradus"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

fail() {
  echo "qemu: $*" >&2
  exit 1
}
command -v qemu-x86_64 >/dev/null || fail "qemu-x86_64 is missing (Debian/Ubuntu package: qemu-user)"
[[ -x "$program" ]] || fail "$program is missing; build it: cmake --preset package && cmake --build --preset package"

# starts NAME FOLDER VECTORS [EMULATOR...]: doctor must name the folder of the libraries and their vectors.
starts() {
  local name="$1" folder="$2" vectors="$3" printed
  shift 3
  printed="$("$@" "$program" doctor)"
  if ! grep -qE "^library +$build/lib/${folder}libgradus_foundation\.so\.0" <<<"$printed" ||
    ! grep -qE "^  built for +$vectors$" <<<"$printed"; then
    fail "$name: expected libraries for $vectors in lib/$folder; found: $printed"
  fi
  echo "qemu: $name: starts, with the libraries for $vectors"
}

# works NAME [EMULATOR...]
works() {
  local name="$1"
  shift
  "$@" "$program" gradcheck ops --order 1 --threads 1 >"$work/gradcheck" || fail "$name: $(tail -5 "$work/gradcheck")"
  "$@" "$program" train --model transformer --preset tiny --task copy --steps 20 --threads 1 --overwrite --out "$work/run" \
    >"$work/train" 2>&1 || fail "$name: $(tail -5 "$work/train")"
  echo "qemu: $name: $(tail -1 "$work/gradcheck"); trains"
}

for processor in qemu64 core2duo; do
  if printed="$(qemu-x86_64 -cpu $processor "$program" --version 2>&1)"; then fail "$processor: the program runs"; fi
  [[ "$printed" == *"gradus: this processor lacks "*"SSE4.2"*", which gradus was built for (GRADUS_ARCH is \"x86-64-v2\")"* ]] ||
    fail "$processor: expected a message about SSE4.2; found: $printed"
  echo "qemu: $processor: $(grep gradus: <<<"$printed")"
done

emulated() { qemu-x86_64 -cpu "$1" "${@:2}" 2> >(grep -v "TCG doesn't support" >&2); }
starts Nehalem "" SSE4.2 emulated Nehalem
starts Haswell glibc-hwcaps/x86-64-v3/ "AVX2 and FMA" emulated Haswell
starts Skylake-Server glibc-hwcaps/x86-64-v3/ "AVX2 and FMA" emulated Skylake-Server
if /lib64/ld-linux-x86-64.so.2 --help | grep -q "x86-64-v4 (supported"; then
  starts "this processor" glibc-hwcaps/x86-64-v4/ AVX-512
  works "this processor"
fi
works Nehalem emulated Nehalem
works Haswell emulated Haswell
works Skylake-Server emulated Skylake-Server
echo "qemu: all passed"
