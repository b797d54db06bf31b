#!/usr/bin/env bash
# Tests the page of gradus report in a browser.
set -euo pipefail

if [[ "${1:-}" == "--help" || "${1:-}" == "-h" ]]; then
  cat <<HELP
Usage: scripts/test-page.sh [FOLDER]

Installs Chromium and its driver if they are missing (Debian; sudo when not root), builds the program in build/release,
trains the four models and vit for a few steps, writes pages of one and of four runs, and drives them in a browser without a
window: it points, presses keys, sorts, and measures widths and contrasts. The numbers of the page must be those of
metrics.jsonl. Takes a minute once built.

Runs, pages and screenshots stay in FOLDER (default: a temporary one, which is removed).
HELP
  exit 0
fi

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
step() { printf '\n==> %s\n' "$*"; }

step "Dependencies"
"$root/scripts/install-dependencies.sh" --browser
cd "$root"
step "Build"
cmake --preset release
cmake --build --preset release --parallel "$(nproc)" --target gradus
gradus="$root/build/release/gradus"

if [[ $# -gt 0 ]]; then
  mkdir -p "$1"
  folder="$(cd "$1" && pwd)"
else
  folder="$(mktemp -d)"
  trap 'rm -rf "$folder"' EXIT
fi

step "Five runs, and their pages"
cd "$folder"
for model in rnn rnn-attention attention transformer; do
  "$gradus" train --model "$model" --task reverse --steps 400 --set train.evaluate_every=100 --set train.log_every=10 \
    --set train.warmup=20 --set data.pairs=5000 --overwrite --out "runs/$model"
done
"$gradus" report runs/transformer --pairs 200 --out one.html
"$gradus" train --model vit --task fashion-mnist --steps 60 --batch 32 --set train.evaluate_every=30 --set train.log_every=5 \
  --set data.held_out=0.005 --set train.warmup=5 --report --overwrite --out runs/vit
"$gradus" report runs/vit --pairs 500 --out images.html
"$gradus" report runs/rnn runs/rnn-attention runs/attention runs/transformer --pairs 200 --out four.html

step "The browser"
/usr/bin/python3 "$root/tests/report/page_test.py" "$folder"
