#!/usr/bin/env bash
# Installs the Debian packages in a clean system, and runs and builds programs there.
set -euo pipefail

usage() {
  cat <<HELP
Usage: tests/packaging/deb.sh [BUILD] [FOLDER] [SUITE]

Writes the packages of a build of the preset package (BUILD: build/package), makes a minimal Debian (SUITE: bookworm) in
FOLDER/root (FOLDER: build/deb) by debootstrap, and checks there:

  - the program without OpenBLAS: the message names the package,
  - the program: starts, loads the libraries for this processor, trains and decodes; its manual page and completions,
  - a program built with find_package and shared libraries, with find_package and static ones, and with pkg-config,
  - that removing the packages leaves nothing behind.

Prints the sizes of the packages. Needs root and the packages debootstrap and dpkg-dev. Takes about ten minutes.
HELP
}

[[ "${1:-}" != "--help" && "${1:-}" != "-h" ]] || { usage; exit 0; }
[[ $# -le 3 ]] || { usage >&2; exit 2; }
tree="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
build="$(realpath "${1:-$tree/build/package}")"
mkdir -p "${2:-$tree/build/deb}"
folder="$(realpath "${2:-$tree/build/deb}")"
suite="${3:-bookworm}"
root="$folder/root"

fail() {
  echo "deb: $*" >&2
  exit 1
}
inside() { chroot "$root" env HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
# The shell inside expands the names of the packages.
install_inside() {
  inside bash -c "apt-get -q -y install --no-install-recommends $*" >>"$folder/install.log"
}

rm -rf "$folder/packages"
(cd "$build" && cpack -B "$folder/packages" >/dev/null)
packages=("$folder"/packages/*.deb)
[[ ${#packages[@]} -eq 3 ]] || fail "expected three packages, found: ${packages[*]}"
for package in "${packages[@]}"; do
  echo "deb: $(basename "$package"): $(du -k "$package" | cut -f1) KB, installed $(dpkg-deb -f "$package" Installed-Size) KB;" \
    "depends on $(dpkg-deb -f "$package" Depends)"
done

if [[ ! -e "$root/complete" ]]; then
  rm -rf "$root"
  debootstrap --variant=minbase "$suite" "$root" http://deb.debian.org/debian >"$folder/debootstrap.log"
  touch "$root/complete"
fi
mkdir -p "$root/packages" "$root/user" "$root/proc" "$root/dev"
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
[[ -e "$root/dev/null" ]] || mknod -m 666 "$root/dev/null" c 1 3
cp "${packages[@]}" "$root/packages/"
rm -rf "$root/user" && cp -r "$tree/tests/packaging/user" "$root/user"
inside apt-get -q -y update >/dev/null

# Without OpenBLAS: dpkg installs what apt-get would refuse.
: >"$folder/install.log"
install_inside '/packages/gradus_*.deb' '/packages/libgradus0_*.deb'
# shellcheck disable=SC2016  # dpkg-query replaces this
openblas="$(inside dpkg-query --show --showformat='${Package} ' 'libopenblas0*')"
# shellcheck disable=SC2086  # names are words
inside dpkg --remove --force-depends $openblas >/dev/null
if printed="$(inside gradus doctor 2>&1)"; then fail "doctor runs without OpenBLAS"; fi
[[ "$printed" == *"OpenBLAS cannot be loaded"*"libopenblas0"* ]] || fail "expected a message about OpenBLAS; found: $printed"
echo "deb: without OpenBLAS: $printed"
inside gradus --version
inside apt-get -q -y install --fix-broken >>"$folder/install.log"

inside gradus doctor
[[ -s "$root/usr/share/man/man1/gradus.1" ]] || echo "deb: the minimal Debian leaves out manual pages"
inside gradus train --model rnn-attention --preset tiny --task copy --steps 30 --overwrite --out /tmp/run >"$folder/train.log" 2>&1
[[ "$(echo abc | inside gradus decode --run /tmp/run)" == abc$'\t'* ]] || fail "decode prints no output for abc"
echo "deb: the program trains and decodes"

install_inside g++ cmake make pkg-config '/packages/libgradus-dev_*.deb'
[[ -z "$(find "$root/usr/include/gradus" -name internal)" ]] || fail "internal headers are installed"
configure() {
  inside rm -rf /user/build
  inside cmake -S /user -B /user/build -DPROGRAM=train.cpp "-DLIBRARY=gradus::nn;gradus::optim" "$@" >"$folder/configure.log" ||
    fail "$(tail -20 "$folder/configure.log")"
  inside cmake --build /user/build >"$folder/build.log" || fail "$(tail -20 "$folder/build.log")"
}
configure
shared="$(inside /user/build/user)"
inside ldd /user/build/user | grep -q libgradus_ops.so.0 || fail "find_package links no shared library"
configure -Dgradus_USE_STATIC_LIBS=ON
static="$(inside /user/build/user)"
if inside ldd /user/build/user | grep -q libgradus; then fail "gradus_USE_STATIC_LIBS links a shared library"; fi
# shellcheck disable=SC2016  # replaced inside
inside bash -c 'c++ -std=c++20 -I /user /user/train.cpp $(pkg-config --cflags --libs gradus-nn gradus-optim) -o /user/train'
piped="$(inside /user/train)"
[[ "$shared" == 0x* && "$static" == 0x* && "$piped" == "$shared" ]] ||
  fail "the programs print $shared (shared), $static (static), $piped (pkg-config)"
echo "deb: programs build with find_package, shared ($shared) and static ($static), and with pkg-config ($piped)"

inside apt-get -q -y purge libgradus0 >>"$folder/install.log"
left="$(find "$root/usr" "$root/etc" -iname '*gradus*' -not -path '*/dpkg/*')"
[[ -z "$left" ]] || fail "purging leaves $left"
echo "deb: all passed"
