# Built only when gradus is the top-level project: the program `gradus` and its libraries, tests, examples and fuzz
# targets. These libraries are not installed.

gradus_require(CLI11 CLI11::CLI11 libcli11-dev)

gradus_add_room(checks FOLDERS checks LINK gradus::models gradus::data HIDE fmt::fmt)
file(GLOB op_rows CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/checks/op_rows/*.cpp")
target_sources(gradus_checks PRIVATE ${op_rows})
gradus_add_room(bench FOLDERS bench LINK gradus::train HIDE fmt::fmt)
# This takes longer to compile than to run.
set_source_files_properties(${op_rows} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-O1>")

file(GLOB cli_sources CONFIGURE_DEPENDS cli/*.cpp)
add_executable(gradus ${cli_sources})
target_link_libraries(gradus PRIVATE gradus::checks gradus::bench CLI11::CLI11 fmt::fmt)
gradus_link_headers("${PROJECT_BINARY_DIR}/include/cli" cli)
target_include_directories(gradus PRIVATE "${PROJECT_BINARY_DIR}/include/cli")
set_target_properties(gradus PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
# CLI11 takes long to compile; the program's own sources do not compute.
target_compile_options(gradus PRIVATE "$<$<CONFIG:Release>:-O1>")
target_precompile_headers(gradus PRIVATE cli/command.h)
if(GRADUS_INSTALL)
  install(TARGETS gradus RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
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
