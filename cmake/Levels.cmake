# Builds the libraries that compute again for each level of GRADUS_LEVELS, into lib/glibc-hwcaps/LEVEL. The dynamic linker
# of glibc 2.33 and newer loads those of the highest level that the processor has, in place of those in lib/. So their
# interface must be the same: it does not depend on GRADUS_ARCH.
include(ExternalProject)
if(NOT BUILD_SHARED_LIBS)
  message(FATAL_ERROR "GRADUS_LEVELS needs shared libraries: -DBUILD_SHARED_LIBS=ON")
endif()

foreach(level IN LISTS GRADUS_LEVELS)
  set(build "${PROJECT_BINARY_DIR}/levels/${level}")
  ExternalProject_Add(gradus_${level}
    SOURCE_DIR "${PROJECT_SOURCE_DIR}"
    BINARY_DIR "${build}"
    PREFIX "${build}"
    CMAKE_ARGS
      -DGRADUS_ARCH=${level} -DGRADUS_COMPONENTS=autograd$<SEMICOLON>optim -DBUILD_SHARED_LIBS=ON
      -DGRADUS_TESTS=OFF -DGRADUS_EXAMPLES=OFF -DGRADUS_WERROR=${GRADUS_WERROR}
      -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
      -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
      -DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/glibc-hwcaps/${level}
      -DCMAKE_INSTALL_PREFIX=${CMAKE_INSTALL_PREFIX} -DCMAKE_INSTALL_LIBDIR=${CMAKE_INSTALL_LIBDIR}/glibc-hwcaps/${level}
    BUILD_ALWAYS ON
    USES_TERMINAL_BUILD ON
    INSTALL_COMMAND "")
  install(CODE "
    set(strip \"\")
    if(CMAKE_INSTALL_DO_STRIP)
      set(strip --strip)
    endif()
    execute_process(COMMAND \"${CMAKE_COMMAND}\" --install \"${build}\" --prefix \"\${CMAKE_INSTALL_PREFIX}\"
                    --component runtime \${strip} COMMAND_ERROR_IS_FATAL ANY)" COMPONENT runtime)
endforeach()
