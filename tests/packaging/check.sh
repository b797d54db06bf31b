#!/usr/bin/env bash
# Tests gradus in a user's project: installed, and as a subfolder. Each test runs in a folder of its own.
set -euo pipefail

usage() {
  cat <<HELP
Usage: CXX=COMPILER CCACHE=[PROGRAM] tests/packaging/check.sh TEST BUILD

TEST is one of
  install        installs BUILD in BUILD/package/prefix, for the others
  find_package   builds and runs a program with find_package(gradus COMPONENTS autograd)
  program        builds examples/7_own_model.cpp with find_package(gradus COMPONENTS cli), and runs its commands
  everything     builds and runs examples/1_train.cpp with find_package(gradus)
  components     checks the messages about unknown components and missing libraries
  subdirectory   builds and runs a program with add_subdirectory and with FetchContent, as shared libraries
  pkg_config     builds and runs a program with pkg-config
  options        trains a model in programs compiled with other options than gradus, which must find the same bits
  messages       checks the messages about options and compilers that gradus cannot work with
  headers        compiles each installed header alone that is not the first include of a source of gradus
  together       compiles <gradus/gradus.h>, which includes each installed header
  includes       checks that installed headers include only public headers and the standard library

Tests of autograd hide zlib, utf8proc, SentencePiece, nlohmann_json, toml++ and CLI11 from CMake.
HELP
}

[[ $# -eq 2 ]] || { usage >&2; exit 2; }
build="$2"
tree="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
work="$build/package/$1"
prefix="$build/package/prefix"
headers="$prefix/include/gradus"

fail() {
  echo "package: $*" >&2
  exit 1
}

# Configures the user's project in $work. The arguments go to cmake.
configure() {
  rm -rf "$work"
  cmake -S "$tree/tests/packaging/user" -B "$work" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 \
    -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_COMPILER_WORKS=ON -DCMAKE_CXX_COMPILER_LAUNCHER="$CCACHE" \
    -DCMAKE_PREFIX_PATH="$prefix" "$@"
}

# Like configure, but without the libraries that only the program needs.
configure_without_others() {
  local hidden=()
  for name in ZLIB nlohmann_json tomlplusplus PkgConfig CLI11; do
    hidden+=("-DCMAKE_DISABLE_FIND_PACKAGE_$name=ON")
  done
  PKG_CONFIG_LIBDIR="" configure "${hidden[@]}" "$@"
}

build_and_run() {
  cmake --build "$work" --target user
  (cd "$work" && ./user)
}

# Fails unless configuring with these components fails with this message.
refuses() {
  local components="$1" message="$2" printed
  if printed="$(configure_without_others -DPROGRAM=main.cpp -DLIBRARY= -DCOMPONENTS="$components" 2>&1)"; then
    fail "find_package(gradus COMPONENTS $components) succeeds"
  fi
  [[ "$(tr -s ' \n' ' ' <<<"$printed")" == *"$message"* ]] || fail "expected: $message; found: $printed"
}

# Compiles a source that only includes <HEADER>. More arguments go to the compiler.
compile() {
  local header="$1" object="$work/${1//\//_}"
  shift
  mkdir -p "$work"
  echo "#include <$header>" >"$object.cpp"
  $CCACHE "$CXX" -std=c++20 -Wall -Wextra -Wshadow -Wconversion -Werror -I "$tree/tests/packaging/user" \
    -I "$prefix/include" -c "$object.cpp" -o "$object.o" "$@"
}

case "$1" in
  install)
    rm -rf "$prefix"
    cmake --install "$build" --prefix "$prefix"
    [[ -z "$(find "$prefix" -name internal)" ]] || fail "internal headers are installed"
    grep -q '^\.TH GRADUS 1' "$prefix/share/man/man1/gradus.1" || fail "no manual page is installed"
    bash -n "$prefix/share/bash-completion/completions/gradus" || fail "no completions are installed"
    ;;
  find_package)
    configure_without_others -DPROGRAM=main.cpp -DLIBRARY=gradus::autograd -DCOMPONENTS=autograd
    build_and_run
    ;;
  program)
    configure -DPROGRAM="$tree/examples/7_own_model.cpp" -DLIBRARY=gradus::cli -DCOMPONENTS=cli
    cmake --build "$work" --target user
    cd "$work"
    ./user train --model bag --task copy --steps 20 --out run
    ./user eval --run run --task copy
    [[ "$(echo abc | ./user decode --run run)" == abc$'\t'* ]] || fail "decode prints no output for abc"
    ./user gradcheck --model bag
    if printed="$(./user train --model bga --task copy --out other 2>&1)"; then fail "an unknown model is trained"; fi
    [[ "$printed" == "user: "*"transformer, vit, bag; did you mean bag?"* ]] || fail "found: $printed"
    ;;
  everything)
    configure -DPROGRAM="$tree/examples/1_train.cpp" -DLIBRARY=gradus::gradus
    build_and_run
    ;;
  components)
    refuses "autograd;autogard" "gradus has no component 'autogard'. Its components are autograd, files, nn, optim, models, data, train, cli."
    refuses "files" "gradus needs the following, which was not found: ZLIB (Debian/Ubuntu package: zlib1g-dev)"
    refuses "files" "This command installs them: apt-get install zlib1g-dev"
    refuses "data" "utf8proc, found by pkg-config (Debian/Ubuntu package: pkg-config libutf8proc-dev)"
    refuses "data" "SentencePiece, found by pkg-config (Debian/Ubuntu package: pkg-config libsentencepiece-dev)"
    refuses "train" "toml++, found by pkg-config (Debian/Ubuntu package: pkg-config libtomlplusplus-dev)"
    ;;
  subdirectory)
    options=(-DPROGRAM=main.cpp -DLIBRARY=gradus::autograd -DCOMPONENTS=autograd -DGRADUS_TREE="$tree" -DBUILD_SHARED_LIBS=ON)
    configure_without_others "${options[@]}"
    build_and_run
    cmake "$work" -DFETCH=ON
    build_and_run
    ;;
  pkg_config)
    mkdir -p "$work"
    export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
    # shellcheck disable=SC2046  # flags are words
    "$CXX" -std=c++20 -I "$tree/tests/packaging/user" "$tree/tests/packaging/user/main.cpp" \
      $(pkg-config --cflags --libs gradus-autograd) -o "$work/user"
    "$work/user"
    pkg-config --exists --print-errors gradus gradus-nn gradus-optim gradus-data gradus-cli
    ;;
  options)
    rm -rf "$work" && mkdir -p "$work"
    export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
    printed=""
    while read -r options; do
      # shellcheck disable=SC2046,SC2086  # flags are words
      "$CXX" $options "$tree/tests/packaging/user/train.cpp" $(pkg-config --cflags --libs gradus-nn gradus-optim) -o "$work/user"
      found="$("$work/user")"
      [[ "$found" == 0x* ]] || fail "with $options the program prints $found"
      [[ "$found" == "${printed:=$found}" ]] || fail "with $options the losses are $found, not $printed"
    done <<OPTIONS
-std=c++20 -O0
-std=gnu++20 -O3 -march=native -fvisibility=hidden -ffp-contract=off
OPTIONS
    ;;
  messages)
    refuses_options() {
      local message="$1" printed
      shift
      if printed="$(compile gradus/autograd/autograd.h -fsyntax-only "$@" 2>&1)"; then fail "compiles with $*"; fi
      [[ "$(grep -m 1 'error:' <<<"$printed")" == *"$message"* ]] || fail "expected first: $message; found: $printed"
    }
    refuses_options "gradus needs C++20: compile with -std=c++20" -std=c++17
    refuses_options "gradus needs infinities and NaN: compile without -ffast-math" -ffast-math
    refuses_options "gradus reports errors by exceptions: compile without -fno-exceptions" -fno-exceptions
    ;;
  headers)
    # A header beside a source of its name is compiled first in that source.
    alone="$(cd "$prefix/include" && find gradus -name '*.h' | sort | while read -r header; do
      source="$tree/${header#gradus/}"
      [[ -f "${source%.h}.cpp" ]] || echo "$header"
    done)"
    [[ "$(wc -l <<<"$alone")" -ge 20 ]] || fail "too few headers are compiled alone: $alone"
    export CXX CCACHE tree prefix work
    export -f compile
    # One compiler per processor.
    xargs -P "$(nproc)" -I HEADER bash -euc "compile HEADER -fsyntax-only" <<<"$alone"
    ;;
  together)
    compile gradus/gradus.h -MD -MF "$work/dependencies"
    included="$(tr -s ' \\' '\n' <"$work/dependencies" | sed -n "s|.*/package/prefix/include/||p" | sort -u)"
    diff <(cd "$prefix/include" && find gradus -name '*.h' | sort) <(echo "$included") ||
      fail "<gradus/gradus.h> leaves out the headers above"
    ;;
  includes)
    # Standard headers have no folder and no extension.
    allowed='#include <(gradus/[a-z0-9_/]+\.h|[a-z_]+)>'
    if grep -rnE '^ *# *include' "$headers" | grep -vE "$allowed" || grep -rn 'include.*/internal/' "$headers"; then
      fail "the installed headers above include what is not public"
    fi
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
