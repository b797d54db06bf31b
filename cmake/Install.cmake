# Installs the libraries, their public headers, and the package that find_package(gradus) reads.
include(CMakePackageConfigHelpers)

get_property(headers GLOBAL PROPERTY GRADUS_HEADERS)
foreach(path IN LISTS headers)
  set(destination "${CMAKE_INSTALL_INCLUDEDIR}/gradus/${path}")
  if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/${path}")
    install(DIRECTORY "${path}/" DESTINATION "${destination}"
            FILES_MATCHING PATTERN "*.h" PATTERN "internal" EXCLUDE)
  else()
    get_filename_component(destination "${destination}" DIRECTORY)
    install(FILES "${path}" DESTINATION "${destination}")
  endif()
endforeach()
get_property(umbrella_header GLOBAL PROPERTY GRADUS_UMBRELLA_HEADER)
if(umbrella_header)
  install(FILES "${umbrella_header}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/gradus")
endif()

get_property(rooms GLOBAL PROPERTY GRADUS_ROOMS)
list(TRANSFORM rooms PREPEND gradus_)
install(TARGETS ${rooms} EXPORT gradusTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/gradus")
install(EXPORT gradusTargets NAMESPACE gradus:: DESTINATION "${package_dir}")
configure_package_config_file(cmake/gradusConfig.cmake.in "${PROJECT_BINARY_DIR}/gradusConfig.cmake"
                              INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/gradusConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/gradusConfig.cmake" "${PROJECT_BINARY_DIR}/gradusConfigVersion.cmake"
              cmake/Dependencies.cmake DESTINATION "${package_dir}")
