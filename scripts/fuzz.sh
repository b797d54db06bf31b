#!/usr/bin/env bash
# Builds the fuzz targets and runs each of them with mutated input.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
all=(safetensors pairs parallel dictionary columns csv jsonl hypotheses features idx vocabulary sub_words config assignments run_logs arguments)
runs=10000000
seed=0
targets=()
more=()

usage() {
  cat <<HELP
Usage: scripts/fuzz.sh [--runs N] [--seed N] [target]... [-- argument of libFuzzer...]

Builds the targets (all: ${all[*]}) in build/fuzz with Clang, libFuzzer and the address and undefined-behaviour
sanitizers, and runs each for N executions (default $runs), with one target per processor at a time. Seeds are in
fuzz/corpus. Inputs that reach new code are kept in build/fuzz/found, and the next run uses them. Prints a table of
executions and seconds. After a finding, exits with 1 and prints the path of the input that causes it.

  --runs N   executions per target
  --seed N   seed of the mutations; 0, the default, means a new one in every run

Environment: GRADUS_FUZZ_BUILD, the build folder instead of build/fuzz.

Example: scripts/fuzz.sh --runs 100000 config assignments
HELP
}

fail() {
  echo "fuzz: $1; see --help" >&2
  exit 2
}

while [[ $# -gt 0 ]]; do
  case "$1" in
    --help | -h) usage && exit 0 ;;
    --)
      shift
      more=("$@")
      break
      ;;
    --runs | --seed)
      [[ "${2:-}" =~ ^[0-9]+$ ]] || fail "$1 needs a whole number"
      declare "${1#--}=$2"
      shift 2
      ;;
    -*) fail "there is no option $1" ;;
    *)
      [[ " ${all[*]} " == *" $1 "* ]] || fail "there is no target $1; expected one of ${all[*]}"
      targets+=("$1")
      shift
      ;;
  esac
done
[[ ${#targets[@]} -gt 0 ]] || targets=("${all[@]}")

"$root/scripts/install-dependencies.sh" --clang
build="${GRADUS_FUZZ_BUILD:-$root/build/fuzz}"
mkdir -p "$build/logs" "$build/findings"
cmake -S "$root" --preset fuzz -B "$build" >"$build/logs/build" 2>&1 &&
  cmake --build "$build" --parallel "$(nproc)" --target "${targets[@]/#/fuzz_}" >>"$build/logs/build" 2>&1 || {
  cat "$build/logs/build" >&2
  exit 1
}

# A small quarantine and short allocation traces are faster, and enough for the targets.
export ASAN_OPTIONS="quarantine_size_mb=1:malloc_context_size=4:${ASAN_OPTIONS:-}"

run() {
  local name="$1" begin=$SECONDS
  mkdir -p "$build/found/$name"
  "$build/fuzz/fuzz_$name" "$build/found/$name" "$root/fuzz/corpus/$name" -dict="$root/fuzz/dictionaries/$name.txt" \
    -artifact_prefix="$build/findings/$name-" -runs="$runs" -seed="$seed" -max_len=1024 -timeout=60 -report_slow_units=60 -rss_limit_mb=1024 \
    -malloc_limit_mb=64 -print_final_stats=1 -close_fd_mask=1 "${more[@]}" >"$build/logs/$name" 2>&1 || touch "$build/logs/$name.failed"
  echo $((SECONDS - begin)) >"$build/logs/$name.seconds"
}

for name in "${targets[@]}"; do
  rm -f "$build/logs/$name.failed"
  while [[ $(jobs -rp | wc -l) -ge $(nproc) ]]; do wait -n; done
  run "$name" &
done
wait

status=0
printf '%-14s %12s %9s\n' target executions seconds
for name in "${targets[@]}"; do
  log="$build/logs/$name"
  printf '%-14s %12s %9s\n' "$name" "$(awk '/number_of_executed_units/ {print $2}' "$log")" "$(cat "$log.seconds")"
  if [[ -e "$log.failed" ]]; then
    status=1
    tail -n 60 "$log" >&2
    echo "fuzz: $name: a finding; to repeat it: $build/fuzz/fuzz_$name $(sed -n 's/.*Test unit written to //p' "$log")" >&2
  fi
done
exit $status
