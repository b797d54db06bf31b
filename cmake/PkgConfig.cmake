# A file for pkg-config per room: gradus-nn for gradus::nn, and gradus for all.

# The names of other libraries in pkg-config. Those without one are options of the linker.
set(gradus_pkg_TBB::tbb tbb)
set(gradus_pkg_fmt::fmt fmt)
set(gradus_pkg_ZLIB::ZLIB zlib)
set(gradus_pkg_PkgConfig::libutf8proc libutf8proc)
set(gradus_pkg_PkgConfig::sentencepiece sentencepiece)
set(gradus_pkg_PkgConfig::tomlplusplus tomlplusplus)
set(gradus_option_Threads::Threads -pthread)

# gradus_write_pkg_config(<room> LINK <target>... HIDE <target>...)
function(gradus_write_pkg_config room)
  cmake_parse_arguments(ARG "" "" "LINK;HIDE" ${ARGN})
  set(requires "")
  set(requires_private "")
  set(libs_private "")
  foreach(list IN ITEMS LINK HIDE)
    foreach(target IN LISTS ARG_${list})
      if(target MATCHES "TARGET_NAME_IF_EXISTS:(.*)>")
        set(target ${CMAKE_MATCH_1})
        if(NOT TARGET ${target})
          continue()
        endif()
      endif()
      string(REPLACE "gradus::" "gradus-" name "${target}")
      if(DEFINED gradus_pkg_${target})
        list(APPEND requires_private ${gradus_pkg_${target}})
      elseif(NOT name STREQUAL target AND list STREQUAL "LINK")
        list(APPEND requires ${name})
      elseif(NOT name STREQUAL target)
        list(APPEND requires_private ${name})
      elseif(DEFINED gradus_option_${target})
        list(APPEND libs_private ${gradus_option_${target}})
      elseif(target STREQUAL CMAKE_DL_LIBS)
        list(APPEND libs_private -l${target})
      endif()
    endforeach()
  endforeach()
  gradus_room_scope(${room} scope)
  set(libs "")
  if(scope STREQUAL "PUBLIC")
    set(libs "-lgradus_${room}")
  endif()
  if(NOT BUILD_SHARED_LIBS)  # a static library needs the private ones too
    list(APPEND requires ${requires_private})
    list(APPEND libs ${libs_private})
    set(requires_private "")
    set(libs_private "")
  endif()
  foreach(list IN ITEMS requires requires_private libs libs_private)
    string(REPLACE ";" " " ${list} "${${list}}")
  endforeach()
  file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" up "${up}")
  set(name gradus-${room})
  if(room STREQUAL "gradus")
    set(name gradus)
  endif()
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/pkgconfig/${name}.pc" CONTENT "prefix=\${pcfiledir}/${up}
libdir=\${prefix}/${CMAKE_INSTALL_LIBDIR}
includedir=\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}

Name: ${name}
Description: ${PROJECT_DESCRIPTION}
Version: ${PROJECT_VERSION}
Requires: ${requires}
Requires.private: ${requires_private}
Libs: -L\${libdir} ${libs}
Libs.private: ${libs_private}
Cflags: -I\${includedir}
" @ONLY)
endfunction()
