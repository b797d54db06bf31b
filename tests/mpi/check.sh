#!/usr/bin/env bash
# Runs the program under mpirun: tests/mpi/check.sh TEST PROGRAM. TEST is one of the functions after `rank_of`.
set -euo pipefail

program="$2"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# More ranks than processors, also as root.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

settings=(--task reverse --model rnn-attention --preset tiny --set data.pairs=60 --set data.valid_pairs=11
          --set train.shards=8 --set train.batch=20 --set train.epochs=2 --set train.min_steps=0 --set model.dropout=0.2 --set train.average=0.9
          --set train.save_every=2)
# A training that does not end by itself.
long=("${settings[@]}" --set train.epochs=0 --set train.steps=1000000 --set train.evaluate_every=1000000)

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# Runs mpirun, which must succeed.
on_ranks() {
  mpirun -n "$@" 2>log || fail "mpirun -n $*: $(cat log)"
}

# Fails unless two runs have the same files. Times differ, and so does how a run was started.
same() {
  diff -r --brief -x times.jsonl -x provenance.json "$1" "$2" >&2 || fail "$1 and $2 differ"
}

# Waits until a file exists.
await() {
  for _ in $(seq 600); do
    if [[ -e "$1" ]]; then return; fi
    sleep 0.1
  done
  fail "there is no $1: $(cat log)"
}

# Waits for the job, which must fail within ten seconds. Sets `code`, its exit code.
await_failure() {
  local start=$SECONDS
  code=0
  wait "$1" || code=$?
  [[ $code -ne 0 && $((SECONDS - start)) -lt 10 ]] || fail "exit code $code after $((SECONDS - start)) s: $(cat log)"
}

# The process of one of the ranks that train into the folder `run`.
rank_of() {
  pgrep -f "^$program train.*--out $folder/run" | tail -n 1
}

same_bits() {
  "$program" train "${settings[@]}" --out one 2>log
  local n threads
  for n in 1 2 4 8; do
    for threads in 1 2; do
      on_ranks "$n" "$program" train "${settings[@]}" --threads "$threads" --out "r$n-$threads"
      same one "r$n-$threads"
    done
  done
  on_ranks 3 "$program" train "${settings[@]}" --shard-optimizer --out shared
  same one shared
  on_ranks 3 "$program" train "${settings[@]}" --fast-reduce --out fast
}

outputs() {
  local code=0
  "$program" train "${settings[@]}" --out run 2>log
  printf 'abc\n\n%s\ndcba\na\n' "$(printf 'a%.0s' $(seq 2000))" >sources
  "$program" decode --run run --beam 3 --n-best 2 --attention alone.jsonl <sources >alone 2>log || code=$?
  mpirun -n 3 "$program" decode --run run --beam 3 --n-best 2 --attention ranks.jsonl <sources >ranks 2>log &&
    fail "the long line was not reported"
  [[ $code -eq 3 ]] || fail "exit code $code"
  cmp alone ranks
  cmp alone.jsonl ranks.jsonl
  "$program" eval --run run --task reverse --hypotheses alone-h.jsonl >alone 2>log
  on_ranks 4 "$program" eval --run run --task reverse --hypotheses ranks-h.jsonl >ranks
  cmp alone ranks
  cmp alone-h.jsonl ranks-h.jsonl
  "$program" sweep "${settings[@]}" --set train.seed=1,2,3 --out alone-s >alone 2>log
  on_ranks 2 "$program" sweep "${settings[@]}" --set train.seed=1,2,3 --out ranks-s >ranks
  cmp alone ranks
  same alone-s ranks-s
}

refused() {
  mpirun -n 1 "$program" train "${settings[@]}" --lr 0.001 --out run : \
         -n 1 "$program" train "${settings[@]}" --lr 0.003 --out run 2>log && fail "other settings were trained"
  grep -q "rank 1 of 2 .*differs from rank 0 of 2 .*in the setting train.lr: 0.003, not 0.001" log || fail "$(cat log)"
  [[ "$(grep -c "differs from" log)" -eq 1 ]] || fail "not reported once: $(cat log)"
  mpirun -n 2 "$program" report run 2>log && fail "report ran on two ranks"
  grep -q "report runs in one process" log || fail "$(cat log)"
}

killed() {
  mpirun -n 3 "$program" train "${long[@]}" --out "$folder/run" 2>log &
  await run/last.safetensors
  kill -9 "$(rank_of)"
  await_failure $!
  grep -Eq "process rank [012] .*exited on signal 9" log || fail "$(cat log)"
  "$program" inspect run/last.safetensors >log 2>&1 || fail "$(cat log)"
}

hung() {
  mpirun -n 3 "$program" train "${long[@]}" --rank-timeout 2 --out "$folder/run" 2>log &
  local rank
  await run/last.safetensors
  rank="$(rank_of)"
  kill -STOP "$rank"
  wait $! && fail "the job went on"
  grep -Eq "rank [012] of 3 \(.*, process $rank\): no answer for 2 s" log || fail "$(cat log)"
}

full_disk() {
  mpirun -n 3 "$program" train "${long[@]}" --out "$folder/run" 2>log &
  local rank
  await run/last.safetensors
  for rank in $(pgrep -f "^$program train.*--out $folder/run"); do prlimit --pid "$rank" --fsize=4096; done
  await_failure $!
  grep -Eq "rank 0 of 3 .*: .*File too large" log || fail "$(cat log)"
}

# Sends a signal to mpirun, which ends with a saved state and another exit code than 0.
stop_by() {
  rm -rf run
  mpirun -n 2 "$program" train "${long[@]}" --out "$folder/run" 2>log &
  await run/last.safetensors
  kill "-$1" $!
  await_failure $!
  grep -q "interrupted after step" log || fail "$(cat log)"
  "$program" inspect run/last.safetensors >log 2>&1 || fail "$(cat log)"
}

stopped() {
  stop_by TERM  # the exit code of Open MPI's mpirun is 1
  stop_by USR1
  [[ $code -eq 143 ]] || fail "SIGUSR1: exit code $code"
}

"$1"
echo "$1: passed"
