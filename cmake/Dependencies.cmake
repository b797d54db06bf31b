# What gradus needs from the system. Used by the build, and installed for find_package(gradus).

# Stops with the one message that says what is missing and where to get it.
macro(gradus_missing what package)
  message(FATAL_ERROR "gradus needs ${what}, which was not found. Debian/Ubuntu package: ${package}. "
                      "scripts/install-dependencies.sh installs everything that is missing.")
endmacro()

macro(gradus_require name target package)
  if(NOT TARGET ${target})
    find_package(${name} QUIET)
  endif()
  if(NOT TARGET ${target})
    gradus_missing(${name} ${package})
  endif()
endmacro()

set(THREADS_PREFER_PTHREAD_FLAG ON)
gradus_require(Threads Threads::Threads libc6-dev)
gradus_require(TBB TBB::tbb libtbb-dev)
gradus_require(fmt fmt::fmt libfmt-dev)
gradus_require(ZLIB ZLIB::ZLIB zlib1g-dev)
gradus_require(nlohmann_json nlohmann_json::nlohmann_json nlohmann-json3-dev)

# On Debian 12 toml++ is a compiled library, on Ubuntu 22.04 headers alone; its pkg-config file knows.
find_package(PkgConfig QUIET)
if(NOT PKG_CONFIG_FOUND)
  gradus_missing(pkg-config pkg-config)
endif()
pkg_check_modules(tomlplusplus QUIET IMPORTED_TARGET GLOBAL tomlplusplus)
if(NOT TARGET PkgConfig::tomlplusplus)
  gradus_missing(toml++ libtomlplusplus-dev)
endif()

# OpenBLAS is opened when the program runs, after its kernels were chosen for this CPU: present, but not linked.
find_library(GRADUS_OPENBLAS NAMES openblas libopenblas.so.0 PATH_SUFFIXES openblas-pthread openblas-openmp openblas-serial)
mark_as_advanced(GRADUS_OPENBLAS)
if(NOT GRADUS_OPENBLAS)
  gradus_missing(OpenBLAS libopenblas-dev)
endif()
