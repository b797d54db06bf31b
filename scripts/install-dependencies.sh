#!/usr/bin/env bash
# Installs what gradus needs for building and testing, from the packages of the distribution.
set -euo pipefail

packages=(
  g++                    # the compiler, GCC 11 or newer
  cmake                  # 3.22 or newer
  ninja-build            # used by the presets
  pkg-config             # finds toml++, utf8proc and SentencePiece
  libopenblas-dev        # matrix products
  libtbb-dev             # threads
  libfmt-dev             # text formatting
  nlohmann-json3-dev     # JSON: metrics, checkpoints
  libtomlplusplus-dev    # TOML: configurations
  libcli11-dev           # the command line
  zlib1g-dev             # compressed files
  libsentencepiece-dev   # sub-words
  libutf8proc-dev        # Unicode: normal forms, lower case, graphemes
  catch2                 # tests
  python3                # runs the pages of docs/course as tests, and checks links
)
clang_packages=(
  clang                  # 14 or newer
  libclang-rt-dev        # libFuzzer and the sanitizers
  llvm                   # names and lines in their reports
)
coverage_packages=(
  gcovr                  # coverage reports
)
docs_packages=(
  doxygen                # the reference and the site
)
mpi_packages=(
  libopenmpi-dev         # MPI, for training on several processes and machines
  openmpi-bin            # mpirun
  procps                 # finds processes, for the tests that kill them
)
valgrind_packages=(
  valgrind               # finds wrong accesses to memory, for scripts/valgrind-mpi.sh
)
browser_packages=(
  chromium               # opens the page of gradus report
  chromium-driver        # drives it
  python3-selenium       # the language of the test
  dataset-fashion-mnist  # the images of a run of vit
)
packaging_packages=(
  qemu-user              # other processors
  debootstrap            # clean systems
  dpkg-dev               # dependencies of packages
  file                   # kinds of files, for dpkg-dev
  g++-aarch64-linux-gnu  # 64-bit ARM
)

if [[ "${1:-}" == "--help" || "${1:-}" == "-h" ]]; then
  cat <<HELP
Usage: scripts/install-dependencies.sh [--check] [--clang] [--coverage] [--browser] [--docs] [--mpi] [--valgrind]
                                       [--packaging]

Installs the following Debian/Ubuntu packages if they are missing, with sudo unless you are root:
  ${packages[*]}

  --check      install nothing; print what is missing, and exit with 1 if anything is
  --clang      also install the packages for scripts/sanitize.sh and scripts/fuzz.sh: ${clang_packages[*]}
  --coverage   also install the packages for scripts/coverage.sh: ${coverage_packages[*]}
  --browser    also install the packages for scripts/test-page.sh: ${browser_packages[*]}
  --docs       also install the packages for scripts/docs.sh: ${docs_packages[*]}
  --mpi        also install the packages for -DGRADUS_MPI=ON: ${mpi_packages[*]}
  --valgrind   also install the package for scripts/valgrind-mpi.sh: ${valgrind_packages[*]}
  --packaging  also install the packages for tests/packaging/*.sh: ${packaging_packages[*]}
HELP
  exit 0
fi

check=no
for argument in "$@"; do
  case "$argument" in
    --check) check=yes ;;
    --clang) packages+=("${clang_packages[@]}") ;;
    --coverage) packages+=("${coverage_packages[@]}") ;;
    --browser) packages+=("${browser_packages[@]}") ;;
    --mpi) packages+=("${mpi_packages[@]}") ;;
    --valgrind) packages+=("${valgrind_packages[@]}") ;;
    --docs) packages+=("${docs_packages[@]}") ;;
    --packaging) packages+=("${packaging_packages[@]}") ;;
    *)
      echo "install-dependencies: unknown argument '$argument'; see --help" >&2
      exit 2
      ;;
  esac
done

distribution=unknown
if [[ -r /etc/os-release ]]; then
  distribution="$(. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}")"
fi
if [[ " $distribution " != *" debian "* && " $distribution " != *" ubuntu "* ]] || ! command -v apt-get >/dev/null; then
  {
    echo "install-dependencies: this is not Debian or Ubuntu ($distribution), so nothing was installed."
    echo "gradus needs the following (names of Debian packages). Install them, then run in the repository:"
    echo "  cmake --preset release && cmake --build --preset release && ctest --preset release"
    printf '  - %s\n' "${packages[@]}"
  } >&2
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  if [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" != installed ]]; then
    missing+=("$package")
  fi
done

if [[ ${#missing[@]} -eq 0 ]]; then
  echo "install-dependencies: all ${#packages[@]} packages are installed"
  exit 0
fi
if [[ $check == yes ]]; then
  echo "install-dependencies: missing: ${missing[*]}" >&2
  exit 1
fi

as_root=()
if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "install-dependencies: not root, and there is no sudo. As root, run: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}

echo "install-dependencies: installing ${missing[*]}"
apt update || echo "install-dependencies: apt-get update failed; trying with the old package lists" >&2
if ! apt install --no-install-recommends "${missing[@]}"; then
  echo "install-dependencies: apt-get could not install: ${missing[*]}" >&2
  echo "On Ubuntu the packages are in 'universe' (add-apt-repository universe)." >&2
  exit 1
fi
echo "install-dependencies: done"
