#!/usr/bin/env bash
# Builds the site: the pages, the course and the reference of the public headers, as one static folder.
set -euo pipefail

if [[ "${1:-}" == "--help" || "${1:-}" == "-h" ]]; then
  cat <<HELP
Usage: scripts/docs.sh [--no-install]

Installs Doxygen if it is missing (Debian/Ubuntu; sudo when not root), writes the site in build/site, and checks all of
its links. Exits with 1 on a warning of Doxygen or a wrong link. Open build/site/index.html.

  --no-install   install nothing
HELP
  exit 0
fi

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"
[[ "${1:-}" == "--no-install" ]] || scripts/install-dependencies.sh --docs
python3 scripts/check_links.py
rm -rf build/docs build/site
mkdir -p build/docs build/site
python3 scripts/site_input.py . build/docs build/site
doxygen docs/Doxyfile
python3 scripts/check_links.py build/site
echo "docs: wrote build/site/index.html"
