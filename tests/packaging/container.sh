#!/usr/bin/env bash
# Runs the steps of the Containerfile in a clean system, without a container engine.
set -euo pipefail

usage() {
  cat <<HELP
Usage: tests/packaging/container.sh [FOLDER]

Makes a minimal Debian in FOLDER/root (FOLDER: build/container) by debootstrap, copies the committed files of this tree to
where the Containerfile copies them, runs its RUN step there, and trains on two ranks with the installed program. Needs root
and the package debootstrap. Takes about ten minutes.
HELP
}

[[ "${1:-}" != "--help" && "${1:-}" != "-h" ]] || { usage; exit 0; }
[[ $# -le 1 ]] || { usage >&2; exit 2; }
tree="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
mkdir -p "${1:-$tree/build/container}"
folder="$(realpath "${1:-$tree/build/container}")"
root="$folder/root"

fail() {
  echo "container: $*" >&2
  exit 1
}
inside() { chroot "$root" env HOME=/root LC_ALL=C.UTF-8 "$@"; }

# The words behind an instruction, with its continued lines in one.
instruction() {
  sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' "$tree/Containerfile" | sed -n "s/^$1 //p"
}
[[ "$(instruction FROM)" == debian:12 ]] || fail "the base is not debian:12 but $(instruction FROM)"
[[ "$(instruction COPY)" == ". /gradus" ]] || fail "COPY is not '. /gradus' but $(instruction COPY)"

if [[ ! -e "$root/complete" ]]; then
  rm -rf "$root"
  debootstrap --variant=minbase bookworm "$root" http://deb.debian.org/debian >"$folder/debootstrap.log"
  touch "$root/complete"
fi
[[ -e "$root/dev/null" ]] || mknod -m 666 "$root/dev/null" c 1 3
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
rm -rf "$root/gradus"
git clone -q "$tree" "$root/gradus"

inside env "$(instruction ARG)" bash -ec "cd /gradus; $(instruction RUN)" >"$folder/run.log" 2>&1 ||
  fail "RUN fails: $(tail -n 20 "$folder/run.log")"
echo "container: RUN is complete"
inside env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 mpirun -n 2 \
  "$(instruction ENTRYPOINT | tr -d '[]"')" train --model rnn-attention --preset tiny --task copy --steps 30 --overwrite \
  --out /tmp/run >"$folder/train.log" 2>&1 || fail "training on two ranks fails: $(tail -n 20 "$folder/train.log")"
echo "container: trained on two ranks"
