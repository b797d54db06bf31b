#!/usr/bin/env bash
# Trains, measures and decodes on two ranks under Valgrind, which must find no wrong access to memory.
set -euo pipefail

if [[ "${1:-}" == "--help" || "${1:-}" == "-h" ]]; then
  cat <<HELP
Usage: scripts/valgrind-mpi.sh

Installs Open MPI and Valgrind if they are missing (Debian/Ubuntu; sudo when not root), builds the program in
build/valgrind, and runs it under Valgrind's memcheck: a training on two ranks, the same on one rank, which must end in
the same bytes, and eval and decode on two ranks. Exits with 0 if Valgrind reports no wrong access to memory. Values are
not followed: kernels compute whole groups of lanes, of which those past the end of a tensor are undefined and unused.
HELP
  exit 0
fi

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"
scripts/install-dependencies.sh --mpi --valgrind
cmake --preset valgrind
cmake --build build/valgrind --parallel "$(nproc)" --target gradus
program="$root/build/valgrind/gradus"

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
# More ranks than processors, also as root.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

cd "$folder"

# on_ranks N ARGUMENT...: the program under Valgrind. What Open MPI leaks is not ours.
on_ranks() {
  echo "==> $1 ranks: gradus ${*:2}" >&2
  mpirun -n "$1" valgrind --quiet --error-exitcode=9 --leak-check=no \
    --undef-value-errors=no --suppressions=/usr/share/openmpi/openmpi-valgrind.supp "$program" "${@:2}"
}

settings=(--task reverse --model rnn-attention --preset tiny --set model.dim=16 --set model.hidden=16
          --set data.pairs=24 --set data.valid_pairs=6 --set train.shards=4 --set train.batch=8 --set train.epochs=0
          --set train.min_steps=0 --set train.steps=4 --set train.save_every=2 --set train.evaluate_every=4)
on_ranks 1 train "${settings[@]}" --out one
on_ranks 2 train "${settings[@]}" --out two
cmp one/last.safetensors two/last.safetensors
on_ranks 2 train "${settings[@]}" --shard-optimizer --out zero
on_ranks 2 eval --run two --task reverse
printf 'abc\nhello\n' | on_ranks 2 decode --run two
