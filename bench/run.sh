#!/usr/bin/env bash
# Reruns every table of docs/performance.md; see --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

help() {
  cat <<'END'
bench/run.sh [--quick] [--gradus PROGRAM] [--tables NAMES] [--out FOLDER] [--threads N] [PEER [RUN_PY]]

Measures and prints the tables of docs/performance.md:
  machine   processor, BLAS kernel, and core_ratio (about 2 for two cores, 1 for two hardware threads of one core)
  step      training steps of every model in every size: gradus bench step
  ops       ops, Adam with clipping on 10M parameters: gradus bench ops
  matmul    products, compared with OpenBLAS's sgemm
  dispatch  the cost of recording a graph and of backward
  scaling   steps over four doublings of batch and of length, and memory of attention up to length 2048

PEER is a folder with the program `bench` of the libtorch benchmark. Its times are then printed beside those of gradus, with
the ratio libtorch / gradus. RUN_PY (default: PEER/run.py) has the settings that make it fast, and alternates the two
programs for the steps.

  --quick           one round of short measurements of the size tiny: a test of the script, not a measurement
  --gradus PROGRAM  (default: build/release/gradus)
  --tables NAMES    tables, separated by commas (default: all of the above)
  --out FOLDER      folder for the complete output (default: a new temporary folder)
  --threads N       number of threads; most tables also run on one (default: one per processor)

Run nothing else at the same time. All tables take about 40 minutes with a peer, 10 without, 5 with --quick.
END
}

quick=0 gradus=build/release/gradus out='' tables=machine,step,ops,matmul,dispatch,scaling threads=$(nproc) peer=()
while (($#)); do
  case $1 in
    -h | --help) help; exit ;;
    --quick) quick=1 ;;
    --gradus | --tables | --out | --threads)
      (($# > 1)) || { echo "bench/run.sh: $1 needs a value" >&2; exit 2; }
      printf -v "${1#--}" %s "$2"
      shift ;;
    -*) echo "bench/run.sh: no flag $1; see --help" >&2; exit 2 ;;
    *) peer+=("$1") ;;
  esac
  shift
done
for table in ${tables//,/ }; do
  [[ " machine step ops matmul dispatch scaling " == *" $table "* ]] ||
    { echo "bench/run.sh: no table $table; see --help" >&2; exit 2; }
done
[[ $threads =~ ^[1-9][0-9]*$ ]] || { echo "bench/run.sh: --threads $threads: a number from 1" >&2; exit 2; }
[[ -x $gradus ]] || { echo "bench/run.sh: no program $gradus; build it, or name it with --gradus" >&2; exit 2; }
bench='' run_py=''
if ((${#peer[@]})); then
  bench=${peer[0]}/bench run_py=${peer[1]:-${peer[0]}/run.py}
  [[ -x $bench ]] || { echo "bench/run.sh: no program $bench" >&2; exit 2; }
  [[ -f $run_py ]] || { echo "bench/run.sh: no $run_py; name the peer's run.py as second argument" >&2; exit 2; }
fi
gradus=$(realpath "$gradus")
out=${out:-$(mktemp -d)}
mkdir -p "$out"
unset OPENBLAS_CORETYPE # so that gradus chooses the kernel

if ((quick)); then
  step_seconds=0.2 op_seconds=0.01 scaling_seconds=0.05 rounds=1 sizes=tiny
else
  step_seconds=1.2 op_seconds=0.25 scaling_seconds=1 rounds=5 sizes=tiny,small,base
fi
# Models in the names of `gradus train`, with options. Models and sizes in the peer's names.
models=('rnn' 'rnn-attention' 'attention' 'transformer' 'rnn --set model.cell=lstm' 'rnn-attention --set model.cell=lstm')
peer_models=rnn,rnn_attn,attn,transformer,lstm,lstm_attn
peer_sizes=${sizes/tiny/toy}
counts=1
((threads > 1)) && counts="1 $threads"

wants() { [[ ,$tables, == *,$1,* ]]; }
heading() { printf '\n== %s\n' "$1"; }

# The peer, with the settings that make it fast.
as_peer() {
  python3 - "$run_py" "$bench" "$@" <<'END'
import importlib.util, os, sys
spec = importlib.util.spec_from_file_location('peer_run', sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
os.execvpe(sys.argv[2], sys.argv[2:], module.settings('tuned'))
END
}

# beside KIND OURS... -- THEIRS...: one table of both programs. The fastest line of several files counts.
beside() {
  python3 - "$@" <<'END'
import statistics, sys

kind, files = sys.argv[1], sys.argv[2:]
ours, theirs = files[:files.index('--')], files[files.index('--') + 1:]


def lines(names):
    for name in names:
        for line in open(name):
            words = line.split()
            if words and not line.startswith('#'):
                yield words


def number(word):
    return float(word) if word != '-' else float('nan')


def best(rows):
    """The fastest of the rows (key, numbers) with one key, number by number."""
    found = {}
    for key, numbers in rows:
        found[key] = [min(a, b) for a, b in zip(found[key], numbers)] if key in found else numbers
    return found


def ratios(a, b):
    return [theirs / mine if mine > 0 else float('nan') for mine, theirs in zip(a, b)]


def table(header, a, b, key_width):
    print('# %-*s' % (key_width - 2, 'ratio: libtorch / gradus'), ''.join('%12s%12s%8s' % (h, 'libtorch', 'ratio') for h in header))
    for key in a:
        if key in b:
            print('%-*s' % (key_width, key),
                  ''.join('%12.3f%12.3f%8.2f' % x for x in zip(a[key], b[key], ratios(a[key], b[key])) if x[0] == x[0]))


if kind == 'ops':
    def rows(names):
        return best((' '.join(w[:2]), [number(w[3]), number(w[5])]) for w in lines(names)
                    if w[0] not in ('bandwidth', 'matmul', 'core_ratio', 'product_peak') and len(w) >= 7)
    a, b = rows(ours), rows(theirs)
    table(['fwd_us', 'fwdbwd_us'], a, b, 28)
    update = [b[k][0] for k in ('adam_step 10000000', 'clip_grad_norm 10000000') if k in b]
    if len(update) == 2 and 'clip_adam 10000000' in a:
        mine = a['clip_adam 10000000'][0]
        print('%-28s%12.3f%12.3f%8.2f' % ('clip_adam 10000000', mine, sum(update), sum(update) / mine))
elif kind == 'matmul':
    a = best((' '.join(w[1:5]), [number(w[6]), number(w[8])]) for w in lines(ours) if w[0] == 'matmul')
    b = best((' '.join(w[1:5]), [number(w[7]), number(w[9])]) for w in lines(theirs) if w[0].startswith('matmul'))
    table(['fwd_us', 'bwd_us'], a, b, 28)
elif kind == 'dispatch':
    def rows(names):
        return best((w[0], [float(x.split('=')[1]) for x in w[2:]]) for w in lines(names) if w[0].startswith('dispatch'))
    a, b = rows(ours), rows(theirs)
    table(['nograd_ns', 'grad_ns', 'fwdbwd_ns'], a, b, 28)
elif kind == 'step':
    rows = {}  # (model, configuration, side): the job with the shortest median
    for w in lines(ours):
        values = dict(x.split('=', 1) for x in w[6:] if '=' in x)
        side = 'gradus' if values['peer'].startswith('gradus') else values['peer']
        key = (w[0].split(':')[0], w[1], side)
        row = (float(w[3]), float(w[5]), [float(x) for x in values['runs'].split(',')], w[2], values.get('mfu_pct', '-'), w[0])
        rows[key] = min(row, rows.get(key, row))
    print('# ratio: the median over rounds of libtorch / gradus\n# %-11s %-6s %10s %4s %10s %4s %7s %8s %8s %8s %6s  %s' %
          ('model', 'config', 'gradus_ms', 'thr', 'libtorch', 'thr', 'ratio', 'mb', 'lib_mb', 'mb_ratio', 'mfu', 'variant'))
    for (model, config, side), mine in rows.items():
        peer = rows.get((model, config, 'libtorch'))
        if side != 'gradus' or not peer:
            continue
        ratio = statistics.median(b / a for a, b in zip(mine[2], peer[2]))
        print('%-13s %-6s %10.3f %4s %10.3f %4s %7.2f %8.0f %8.0f %8.2f %6s  %s' %
              (model, config, mine[0], mine[3], peer[0], peer[3], ratio, mine[1], peer[1], mine[1] / peer[1], mine[4], peer[5]))
END
}

if wants machine; then
  heading machine
  lscpu | grep -E '^(Model name|CPU\(s\)|Thread|L2|L3)'
  "$gradus" --version
  "$gradus" doctor
  "$gradus" bench ops --filter dispatch_view --seconds 0.01 | grep core_ratio
fi

if wants step; then
  heading "training steps, milliseconds"
  if [[ -n $bench ]]; then
    also=()
    for n in $counts; do also+=(--also "gradus$n=$gradus bench step {model} {config} --seconds {seconds} --threads $n"); done
    python3 "$run_py" "$bench" --configs $peer_sizes --models $peer_models --rounds $rounds --seconds $step_seconds \
      "${also[@]}" >"$out/step.txt"
    grep -v '^#' "$out/step.txt" >"$out/step_best.txt"
    beside step "$out/step_best.txt" --
  else
    echo '# model size threads median_ms tokens_per_s rss_mb key=value...'
    for size in ${sizes//,/ }; do
      for model in "${models[@]}"; do
        for n in $counts; do "$gradus" bench step $model $size --seconds $step_seconds --threads $n; done
      done
    done | tee "$out/step.txt"
  fi
fi

if wants ops || wants matmul || wants dispatch; then
  for n in $counts; do
    for part in ops matmul dispatch; do
      wants $part || continue
      heading "$part, $n thread$([[ $n == 1 ]] || echo s)"
      of_part=(--part $part)
      [[ $part == ops ]] && of_part+=(--part adam)
      "$gradus" bench ops "${of_part[@]}" --seconds $op_seconds --threads $n | tee "$out/gradus_${part}_$n.txt"
      if [[ -n $bench ]]; then
        what=$part
        [[ $part == ops ]] && what=micro
        as_peer $what --threads $n --blas $n >"$out/peer_${part}_$n.txt" 2>&1
      fi
    done
  done
  if [[ -n $bench ]]; then
    for part in ops matmul dispatch; do
      wants $part || continue
      for n in $counts; do
        heading "$part beside libtorch, $n thread$([[ $n == 1 ]] || echo s)"
        beside $part "$out/gradus_${part}_$n.txt" -- "$out/peer_${part}_$n.txt"
      done
    done
  fi
fi

if wants scaling; then
  for size in ${sizes//,/ }; do
    [[ $size == base ]] && continue
    for over in batch length; do
      heading "scaling over $over, $size"
      for model in "${models[@]}"; do "$gradus" bench scaling $model $size --over $over --seconds $scaling_seconds; done |
        awk '!/^#/ || !seen[$0]++' | tee "$out/scaling_${over}_$size.txt"
    done
  done
  heading "attention up to length 2048: no matrix of weights is kept"
  "$gradus" bench scaling transformer small --over length --set batch=1 --set source=512 --set target=512 \
    --seconds $scaling_seconds | tee "$out/scaling_attention.txt"
fi

printf '\ncomplete output: %s\n' "$out"
