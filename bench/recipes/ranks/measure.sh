#!/usr/bin/env bash
# Writes the measurements that bench/recipes/ranks.py reads into the folder of its argument.
set -euo pipefail

if [[ $# -ne 1 || "$1" == -* ]]; then
  echo "Usage: bench/recipes/ranks/measure.sh FOLDER (root; build/release with -DGRADUS_MPI=ON)" >&2
  exit 2
fi

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)"
program="$root/build/release/gradus"
mkdir -p "$1"
cd "$1"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

rm -f {memory,loopback}{,-fast}-2.txt
# Times in memory change from one launch to the next, so there are several in turn.
for round in 1 2 3 4 5; do
  for flag in "" --fast-reduce; do
    mpirun --mca btl vader,self -n 2 "$program" bench exchange --seconds 0.5 $flag >>"memory${flag:+-fast}-2.txt"
    mpirun --mca btl tcp,self -n 2 "$program" bench exchange --seconds 0.5 $flag >>"loopback${flag:+-fast}-2.txt"
  done
done
for flag in "" --fast-reduce; do
  for rate in 1gbit 10gbit; do
    for delay in 0 0.1ms 0.3ms 1ms; do
      for each in 1 2; do
        RANKS_PER_HOST=$each "$root/scripts/two_hosts.sh" $rate $delay "$program" bench exchange $flag \
          >"hosts_${rate}_$delay${flag:+-fast}-$((2 * each)).txt"
      done
    done
  done
done
# Milliseconds per training step, with two shards: of one process with two threads, and of two ranks with one thread each.
step() {  # SIZE THREADS PROGRAM...
  "${@:3}" bench step transformer "$1" --threads "$2" --set train.shards=2 --seconds 3 | awk '{print $4}'
}
: >steps.txt
for size in small small small base base base; do
  echo "alone 0 $size $(step $size 2 "$program")" >>steps.txt
  echo "memory 0 $size $(step $size 1 mpirun --mca btl vader,self -n 2 "$program")" >>steps.txt
  for rate in 1gbit 10gbit; do
    for delay in 0 0.3ms; do
      echo "hosts_$rate $delay $size $(RANKS_PER_HOST=1 step $size 1 "$root/scripts/two_hosts.sh" $rate $delay "$program")" \
        >>steps.txt
    done
  done
done
: >parameters.txt
for size in small base; do
  "$program" bench scaling transformer $size --threads 1 --seconds 0.2 --set batch=16 >scaling-$size.txt
  echo "$size $("$program" bench step transformer $size --threads 1 --seconds 0.1 | sed 's/.*params=\([0-9]*\).*/\1/')" \
    >>parameters.txt
done
