# A room is one or more folders of the tree, built as one library. Its headers are included as <gradus/FOLDER/NAME.h>,
# in the tree and after installation. A room can include only the headers of the rooms that it links, so the build
# enforces the arrows between rooms.

# gradus_room_scope(<room> <variable>): PUBLIC for a room with sources, INTERFACE for a header-only room.
function(gradus_room_scope room variable)
  get_target_property(type gradus_${room} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    set(${variable} INTERFACE PARENT_SCOPE)
  else()
    set(${variable} PUBLIC PARENT_SCOPE)
  endif()
endfunction()

# gradus_link_headers(<include directory> <path>...): makes <gradus/PATH>, a folder or a header, a link to the tree.
function(gradus_link_headers include_directory)
  foreach(path IN LISTS ARGN)
    get_filename_component(parent "${include_directory}/gradus/${path}" DIRECTORY)
    file(MAKE_DIRECTORY "${parent}")
    file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${path}" "${include_directory}/gradus/${path}" SYMBOLIC)
  endforeach()
endfunction()

# gradus_see_headers(<room> <path>...): lets the room and the rooms that link it include <gradus/PATH>, a folder or a
# header.
function(gradus_see_headers room)
  gradus_room_scope(${room} scope)
  set(include_directory "${PROJECT_BINARY_DIR}/include/${room}")
  gradus_link_headers("${include_directory}" ${ARGN})
  target_include_directories(gradus_${room} ${scope} "$<BUILD_INTERFACE:${include_directory}>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  # The place of a call inside a header reads "gradus/nn/linear.h:12".
  target_compile_options(gradus_${room} ${scope} "$<BUILD_INTERFACE:-fmacro-prefix-map=${include_directory}/=>")
endfunction()

# gradus_show_headers(<room> <path>...): the same, also for the users of the installed library.
function(gradus_show_headers room)
  gradus_see_headers(${room} ${ARGN})
  set_property(GLOBAL APPEND PROPERTY GRADUS_HEADERS ${ARGN})
endfunction()

# gradus_write_umbrella_header(<room>): writes <gradus/gradus.h>, which includes every public header, for the users of
# the room. Runs again when a header is added.
function(gradus_write_umbrella_header room)
  set(text "#pragma once\n\n// All public headers of gradus.\n")
  get_property(paths GLOBAL PROPERTY GRADUS_HEADERS)
  foreach(path IN LISTS paths)
    set(headers "${path}")
    if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/${path}")
      file(GLOB headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/${path}/*.h")
    endif()
    foreach(header IN LISTS headers)
      string(APPEND text "#include <gradus/${header}>\n")
    endforeach()
  endforeach()
  set(include_directory "${PROJECT_BINARY_DIR}/include/${room}")
  file(CONFIGURE OUTPUT "${include_directory}/gradus/gradus.h" CONTENT "${text}" @ONLY)
  target_include_directories(gradus_${room} INTERFACE "$<BUILD_INTERFACE:${include_directory}>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  set_property(GLOBAL PROPERTY GRADUS_UMBRELLA_HEADER "${include_directory}/gradus/gradus.h")
endfunction()

# gradus_hide(<library> <target>...): links the targets, which the users of an installed shared library need not have.
function(gradus_hide library)
  get_target_property(type ${library} TYPE)
  foreach(target IN LISTS ARGN)
    if(type STREQUAL "SHARED_LIBRARY" AND NOT target MATCHES "^gradus::|^[$]")
      set(target "$<BUILD_INTERFACE:${target}>")
    endif()
    target_link_libraries(${library} PRIVATE "${target}")
  endforeach()
endfunction()

# gradus_add_static(<room> LINK <target>... HIDE <target>...): a static library of the objects of a room's shared one.
function(gradus_add_static room)
  cmake_parse_arguments(ARG "" "" "LINK;HIDE" ${ARGN})
  set(library gradus_${room}_static)
  gradus_room_scope(${room} scope)
  if(scope STREQUAL "PUBLIC")
    add_library(${library} STATIC $<TARGET_OBJECTS:gradus_${room}>)
  else()
    add_library(${library} INTERFACE)
  endif()
  set_target_properties(${library} PROPERTIES EXPORT_NAME ${room} OUTPUT_NAME gradus_${room})
  target_compile_features(${library} ${scope} cxx_std_20)
  target_include_directories(${library} ${scope} "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  foreach(list IN ITEMS ARG_LINK ARG_HIDE)
    list(TRANSFORM ${list} REPLACE "gradus::([a-z]+)" "gradus_\\1_static")
  endforeach()
  target_link_libraries(${library} ${scope} ${ARG_LINK})
  gradus_hide(${library} ${ARG_HIDE})
endfunction()

# gradus_add_room(<room> [FOLDERS <folder>...] [PUBLIC NONE|<header>...] [LINK <target>...] [HIDE <target>...]): the
# library gradus::<room>. With PUBLIC only those headers are installed. Its users also get the targets of LINK. Targets
# of HIDE are linked too, but are in none of its public headers. Adds nothing if the room is in gradus_left_out.
function(gradus_add_room room)
  if(room IN_LIST gradus_left_out)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "FOLDERS;PUBLIC;LINK;HIDE" ${ARGN})
  set(sources "")
  foreach(folder IN LISTS ARG_FOLDERS)
    file(GLOB found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.cpp"
         "${PROJECT_SOURCE_DIR}/${folder}/internal/*.cpp")
    list(APPEND sources ${found})
  endforeach()
  if(sources)
    add_library(gradus_${room} ${sources})
  else()
    add_library(gradus_${room} INTERFACE)
  endif()
  add_library(gradus::${room} ALIAS gradus_${room})
  set_target_properties(gradus_${room} PROPERTIES EXPORT_NAME ${room} GRADUS_CODE ON
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  gradus_room_scope(${room} scope)
  target_compile_features(gradus_${room} ${scope} cxx_std_20)
  if(NOT ARG_PUBLIC)
    gradus_show_headers(${room} ${ARG_FOLDERS})
  else()
    gradus_see_headers(${room} ${ARG_FOLDERS})
    list(REMOVE_ITEM ARG_PUBLIC NONE)
    set_property(GLOBAL APPEND PROPERTY GRADUS_HEADERS ${ARG_PUBLIC})
  endif()
  target_link_libraries(gradus_${room} ${scope} ${ARG_LINK})
  gradus_hide(gradus_${room} ${ARG_HIDE})
  if(GRADUS_STATIC_TOO)
    gradus_add_static(${room} LINK ${ARG_LINK} HIDE ${ARG_HIDE})
  endif()
  set_property(GLOBAL APPEND PROPERTY GRADUS_ROOMS ${room})
  gradus_write_pkg_config(${room} LINK ${ARG_LINK} HIDE ${ARG_HIDE})
endfunction()
