# Built only when gradus is the top-level project: the program `gradus`, tests, examples and fuzz targets.

add_executable(gradus cli/main/main.cpp)
target_link_libraries(gradus PRIVATE gradus::cli)
set_target_properties(gradus PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
if(GRADUS_INSTALL)
  install(TARGETS gradus RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT program)
endif()

# The program writes its manual page and completions, where this machine can run it.
if(GRADUS_INSTALL AND (NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR))
  set(manual "${PROJECT_BINARY_DIR}/share/gradus.1")
  set(completions "${PROJECT_BINARY_DIR}/share/gradus")
  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/share")
  add_custom_command(OUTPUT "${manual}" "${completions}"
                     COMMAND gradus man > "${manual}"
                     COMMAND gradus completion bash > "${completions}"
                     DEPENDS gradus VERBATIM)
  add_custom_target(gradus_share ALL DEPENDS "${manual}" "${completions}")
  install(FILES "${manual}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT program)
  install(FILES "${completions}" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT program)
endif()

if(GRADUS_SANITIZE)
  # Only numerical code is optimised. The rest takes longer to compile than to run under sanitizers.
  foreach(room IN ITEMS foundation engine ops autograd nn optim models checks)
    target_compile_options(gradus_${room} PRIVATE -O1 ${gradus_sanitizer_optimization})
  endforeach()
endif()
if(GRADUS_COVERAGE)
  foreach(room IN ITEMS files data train)
    target_compile_options(gradus_${room} PRIVATE --coverage)
    target_link_options(gradus_${room} PUBLIC --coverage)
  endforeach()
endif()

add_executable(gradus_mutants EXCLUDE_FROM_ALL checks/mutants/main.cpp)
target_link_libraries(gradus_mutants PRIVATE gradus::checks fmt::fmt)

if(GRADUS_TESTS OR GRADUS_EXAMPLES)
  enable_testing()
endif()
if(GRADUS_TESTS)
  add_subdirectory(tests)
endif()
if(GRADUS_EXAMPLES)
  add_subdirectory(examples)
endif()
if(GRADUS_FUZZ)
  add_subdirectory(fuzz)
endif()
