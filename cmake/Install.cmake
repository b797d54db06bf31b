# Installs the libraries, their public headers, and the package that find_package(gradus) reads.
include(CMakePackageConfigHelpers)

get_property(headers GLOBAL PROPERTY GRADUS_HEADERS)
foreach(path IN LISTS headers)
  set(destination "${CMAKE_INSTALL_INCLUDEDIR}/gradus/${path}")
  if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/${path}")
    install(DIRECTORY "${path}/" DESTINATION "${destination}"
            COMPONENT dev FILES_MATCHING PATTERN "*.h" PATTERN "internal" EXCLUDE)
  else()
    get_filename_component(destination "${destination}" DIRECTORY)
    install(FILES "${path}" DESTINATION "${destination}" COMPONENT dev)
  endif()
endforeach()
get_property(umbrella_header GLOBAL PROPERTY GRADUS_UMBRELLA_HEADER)
if(umbrella_header)
  install(FILES "${umbrella_header}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/gradus" COMPONENT dev)
endif()

# Shared and static libraries can be installed beside each other. find_package finds the shared ones, unless
# gradus_USE_STATIC_LIBS is set.
get_property(rooms GLOBAL PROPERTY GRADUS_ROOMS)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/gradus")
function(gradus_install_libraries kind)
  install(TARGETS ${ARGN} EXPORT gradus_${kind}
          ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT dev
          LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT dev)
  install(EXPORT gradus_${kind} FILE gradus-${kind}-targets.cmake NAMESPACE gradus:: DESTINATION "${package_dir}"
          COMPONENT dev)
endfunction()
set(libraries ${rooms})
list(TRANSFORM libraries PREPEND gradus_)
if(BUILD_SHARED_LIBS)
  gradus_install_libraries(shared ${libraries})
else()
  gradus_install_libraries(static ${libraries})
endif()
if(GRADUS_STATIC_TOO)
  list(TRANSFORM libraries APPEND _static)
  gradus_install_libraries(static ${libraries})
endif()

configure_package_config_file(cmake/gradusConfig.cmake.in "${PROJECT_BINARY_DIR}/gradusConfig.cmake"
                              INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/gradusConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/gradusConfig.cmake" "${PROJECT_BINARY_DIR}/gradusConfigVersion.cmake"
              cmake/Dependencies.cmake DESTINATION "${package_dir}" COMPONENT dev)
install(DIRECTORY "${PROJECT_BINARY_DIR}/pkgconfig/" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT dev)
