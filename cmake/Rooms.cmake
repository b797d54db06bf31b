# gradus_room_scope(<room> <variable>): PUBLIC for a room with sources, INTERFACE for one of headers alone.
function(gradus_room_scope room variable)
  get_target_property(type gradus_${room} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    set(${variable} INTERFACE PARENT_SCOPE)
  else()
    set(${variable} PUBLIC PARENT_SCOPE)
  endif()
endfunction()

# gradus_add_room(<room> SOURCES <glob>... LINK <target>...): the library gradus::<room> of one folder.
function(gradus_add_room room)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${ARG_SOURCES})
  if(sources)
    add_library(gradus_${room} STATIC ${sources})
  else()
    add_library(gradus_${room} INTERFACE)
  endif()
  add_library(gradus::${room} ALIAS gradus_${room})
  set_target_properties(gradus_${room} PROPERTIES EXPORT_NAME ${room})
  gradus_room_scope(${room} scope)
  target_compile_features(gradus_${room} ${scope} cxx_std_20)
  target_include_directories(gradus_${room} ${scope}
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/gradus>")
  target_link_libraries(gradus_${room} ${scope} ${ARG_LINK})
  set_property(GLOBAL APPEND PROPERTY GRADUS_ROOMS ${room})
endfunction()
