#!/usr/bin/env bash
# Trains on two hosts that are network namespaces of this machine, over a link of a given speed.
set -euo pipefail

if [[ "${1:-}" == "--help" || "${1:-}" == "-h" || $# -lt 3 ]]; then
  cat <<HELP
Usage: scripts/two_hosts.sh RATE DELAY PROGRAM [ARGUMENT]...

Runs PROGRAM with Open MPI on two hosts with two ranks each, or as many as RANKS_PER_HOST in the environment says. A
host is a network namespace with a name of its own; a link joins them. RATE is that of tc, such as 1gbit. DELAY is the
time of a packet in one direction, such as 0.1ms, or 0. The link is a veth pair: tc's tbf limits its rate, or netem rate
and delay. Where the kernel has no netem, bench/recipes/ranks/link.py delays the packets of two tun devices; a note says
so. Needs root, iproute2, Open MPI, and Python for link.py.

Examples:
  scripts/two_hosts.sh 1gbit 0.1ms build/release/gradus train --task reverse --set train.shards=4 --out runs/two
  scripts/two_hosts.sh 10gbit 0 build/release/gradus bench exchange
HELP
  exit 2
fi

rate="$1" delay="$2"
shift 2
each="${RANKS_PER_HOST:-2}"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$(mktemp -d)"
link=""
clean_up() {
  if [[ -n $link ]]; then kill "$link" 2>/dev/null || true; fi
  ip netns delete gradus-a 2>/dev/null || true
  ip netns delete gradus-b 2>/dev/null || true
  rm -rf "$work"
}
clean_up
mkdir "$work"
trap clean_up EXIT

for side in a b; do
  ip netns add "gradus-$side"
  ip -n "gradus-$side" link set lo up
done
has_netem() { ip netns exec gradus-a tc qdisc add dev lo root netem delay 1ms 2>/dev/null; }
if [[ $delay != 0 ]] && ! has_netem; then
  echo "two_hosts.sh: this kernel has no netem; link.py delays the packets" >&2
  mkfifo "$work/ready"
  "$root/bench/recipes/ranks/link.py" "$rate" "$delay" gradus-a=10.77.0.1/24 gradus-b=10.77.0.2/24 >"$work/ready" &
  link=$!
  if ! read -r _ <"$work/ready"; then exit 1; fi
else
  shape=(tbf rate "$rate" burst 128kb latency 100ms)
  if [[ $delay != 0 ]]; then
    ip netns exec gradus-a tc qdisc delete dev lo root
    shape=(netem rate "$rate" delay "$delay" limit 100000)
  fi
  ip link add veth-a netns gradus-a type veth peer name veth-b netns gradus-b
  for side in a b; do
    if [[ $side == a ]]; then number=1; else number=2; fi
    ip -n "gradus-$side" address add "10.77.0.$number/24" dev "veth-$side"
    ip -n "gradus-$side" link set "veth-$side" up
    ip netns exec "gradus-$side" tc qdisc add dev "veth-$side" root "${shape[@]}"
  done
fi

# Open MPI starts its daemon on the other host with this instead of ssh.
cat >"$work/start" <<'START'
#!/usr/bin/env bash
shift
exec ip netns exec gradus-b unshare --uts bash -c 'hostname gradus-b; eval "$0"' "$*"
START
chmod +x "$work/start"
printf '10.77.0.%d slots=%d\n' 1 "$each" 2 "$each" >"$work/hosts"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# shellcheck disable=SC2016 # the inner shell expands it
ip netns exec gradus-a unshare --uts bash -c 'hostname gradus-a; exec "$@"' - \
  mpirun --hostfile "$work/hosts" -n $((2 * each)) --map-by node --bind-to none --oversubscribe \
  --mca plm_rsh_agent "$work/start" --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 \
  --mca oob_tcp_if_include 10.77.0.0/24 "$@"
