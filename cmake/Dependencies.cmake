# The dependencies of each library. Used by the build, and installed for find_package(gradus).

set(gradus_all_components autograd files nn optim models data train cli)

# gradus_with_needed(<variable> [<component>...]): the components and the components that they need; all of them if none
# is given. Unknown ones come last.
function(gradus_with_needed variable)
  set(wanted ${ARGN})
  if(NOT wanted)
    list(APPEND wanted cli)
  endif()
  if("cli" IN_LIST wanted)
    list(APPEND wanted train)
  endif()
  if("train" IN_LIST wanted)
    list(APPEND wanted models optim data)
  endif()
  if("models" IN_LIST wanted)
    list(APPEND wanted nn)
  endif()
  if("nn" IN_LIST wanted OR "data" IN_LIST wanted)
    list(APPEND wanted files)
  endif()
  list(APPEND wanted autograd)
  set(unknown ${wanted})
  list(REMOVE_ITEM unknown ${gradus_all_components})
  set(known "")
  foreach(component IN LISTS gradus_all_components)
    if(component IN_LIST wanted)
      list(APPEND known ${component})
    endif()
  endforeach()
  set(${variable} ${known} ${unknown} PARENT_SCOPE)
endfunction()

# gradus_need(<what> <target> <package>): adds a line to `missing` if the target is not there.
macro(gradus_need what target package)
  if(NOT TARGET ${target})
    string(APPEND missing "\n  ${what} (Debian/Ubuntu package: ${package})")
  endif()
endmacro()

# gradus_find(<name> <target> <package>): finds a CMake package that defines the target.
macro(gradus_find name target package)
  if(NOT TARGET ${target})
    find_package(${name} QUIET)
  endif()
  gradus_need(${name} ${target} ${package})
endmacro()

# gradus_find_with_pkg_config(<what> <name> <package>): finds a library that pkg-config describes, as PkgConfig::NAME.
macro(gradus_find_with_pkg_config what name package)
  find_package(PkgConfig QUIET)
  if(PKG_CONFIG_FOUND AND NOT TARGET PkgConfig::${name})
    pkg_check_modules(${name} QUIET IMPORTED_TARGET GLOBAL ${name})
  endif()
  gradus_need("${what}, found by pkg-config" PkgConfig::${name} "pkg-config ${package}")
endmacro()

# gradus_find_dependencies(<variable> <component>...): finds the packages that the components link. Sets the variable to
# one message about all missing ones, or to "".
function(gradus_find_dependencies variable)
  set(missing "")
  foreach(component IN LISTS ARGN)
    if(NOT component IN_LIST gradus_all_components)
      string(REPLACE ";" ", " known "${gradus_all_components}")
      set(${variable} "gradus has no component '${component}'. Its components are ${known}." PARENT_SCOPE)
      return()
    endif()
  endforeach()

  set(THREADS_PREFER_PTHREAD_FLAG ON)
  gradus_find(Threads Threads::Threads libc6-dev)
  gradus_find(TBB TBB::tbb libtbb-dev)
  gradus_find(fmt fmt::fmt libfmt-dev)
  # OpenBLAS must be present but is not linked. It is loaded at run time, after the choice of kernels for the processor.
  find_library(GRADUS_OPENBLAS NAMES openblas libopenblas.so.0
               PATH_SUFFIXES openblas-pthread openblas-openmp openblas-serial)
  mark_as_advanced(GRADUS_OPENBLAS)
  if(NOT GRADUS_OPENBLAS)
    string(APPEND missing "\n  OpenBLAS (Debian/Ubuntu package: libopenblas-dev)")
  endif()
  if("files" IN_LIST ARGN)
    gradus_find(ZLIB ZLIB::ZLIB zlib1g-dev)
  endif()
  if("data" IN_LIST ARGN)
    gradus_find_with_pkg_config(utf8proc libutf8proc libutf8proc-dev)
    gradus_find_with_pkg_config(SentencePiece sentencepiece libsentencepiece-dev)
  endif()
  if("train" IN_LIST ARGN)
    # On Debian 12 toml++ is a compiled library, on Ubuntu 22.04 it is header-only. Its pkg-config file has the difference.
    gradus_find_with_pkg_config(toml++ tomlplusplus libtomlplusplus-dev)
  endif()

  if(missing)
    string(PREPEND missing "gradus needs the following, which was not found:")
  endif()
  set(${variable} "${missing}" PARENT_SCOPE)
endfunction()

# gradus_require(<name> <target> <package>): fails unless the CMake package is found.
macro(gradus_require name target package)
  set(missing "")
  gradus_find(${name} ${target} ${package})
  if(missing)
    message(FATAL_ERROR "gradus needs the following, which was not found:${missing}\n"
                        "scripts/install-dependencies.sh installs everything that is missing.")
  endif()
endmacro()
