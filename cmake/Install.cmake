# Headers as they lie, the libraries, the program, and the package that find_package(gradus) reads.
include(CMakePackageConfigHelpers)

get_property(rooms GLOBAL PROPERTY GRADUS_ROOMS)
foreach(room IN LISTS rooms)
  if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/${room}")
    install(DIRECTORY "${room}/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/gradus/${room}" FILES_MATCHING PATTERN "*.h")
  endif()
  list(APPEND room_targets gradus_${room})
endforeach()

install(TARGETS ${room_targets} gradus_umbrella EXPORT gradusTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
if(TARGET gradus)
  install(TARGETS gradus RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/gradus")
install(EXPORT gradusTargets NAMESPACE gradus:: DESTINATION "${package_dir}")
configure_package_config_file(cmake/gradusConfig.cmake.in "${PROJECT_BINARY_DIR}/gradusConfig.cmake"
                              INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/gradusConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/gradusConfig.cmake" "${PROJECT_BINARY_DIR}/gradusConfigVersion.cmake"
              cmake/Dependencies.cmake DESTINATION "${package_dir}")
