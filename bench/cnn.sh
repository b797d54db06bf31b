#!/usr/bin/env bash
# Times a small convolutional network beside libtorch: builds bench/peers/cnn_libtorch.cpp against Debian's libtorch-dev
# and alternates it with `gradus bench cnn`, on one thread and on two. The best median of the rounds counts.
# Usage: bench/cnn.sh [rounds (5)] [seconds per run (2)] [program (build/release/gradus)]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=${1:-5} seconds=${2:-2} gradus=${3:-build/release/gradus}
[[ -x $gradus ]] || { echo "bench/cnn.sh: no program $gradus; build it first" >&2; exit 2; }
api=$(dpkg -L libtorch-dev | grep 'csrc/api/include$') || { echo "bench/cnn.sh: install libtorch-dev" >&2; exit 2; }
out=$(mktemp -d)
trap 'rm -r "$out"' EXIT
g++ -std=c++17 -O2 -DNDEBUG -I"$api" bench/peers/cnn_libtorch.cpp -o "$out/cnn_libtorch" -ltorch -ltorch_cpu -lc10
for ((round = 0; round < rounds; ++round)); do
  for threads in 1 2; do
    "$gradus" bench cnn --threads $threads --seconds "$seconds"
    # OpenBLAS falls back to slow kernels on new processors. libtorch runs its own threads.
    OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-SkylakeX} OPENBLAS_NUM_THREADS=$threads \
      "$out/cnn_libtorch" $threads "$seconds"
  done
done | tee "$out/lines.txt"
echo '# program network threads ms'
awk '{ k = $1 " " $2 " " $3; if (!(k in best) || $4 < best[k]) best[k] = $4 } END { for (k in best) print k, best[k] }' \
  "$out/lines.txt" | sort -k3,3n -k1,1
