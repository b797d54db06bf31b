# Writes the files of report/page/ into a source of gradus_report, as string literals. Runs again when one changes.
set(page_scripts dom.js table.js plot.js attention.js curves.js errors.js images.js parameters.js profile.js settings.js page.js)
set(page_source "")
function(gradus_page_literal variable)
  set(text "")
  foreach(file IN LISTS ARGN)
    set(path "${PROJECT_SOURCE_DIR}/report/page/${file}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
    file(READ "${path}" contents)
    string(APPEND text "${contents}")
  endforeach()
  string(APPEND page_source "const std::string_view ${variable} = R\"page(${text})page\";\n")
  set(page_source "${page_source}" PARENT_SCOPE)
endfunction()
gradus_page_literal(page_html page.html)
gradus_page_literal(page_style style.css)
gradus_page_literal(page_script ${page_scripts})
set(page_file "${PROJECT_BINARY_DIR}/page/page_files.cpp")
file(CONFIGURE OUTPUT "${page_file}" CONTENT
"#include <gradus/report/internal/page_files.h>

namespace gradus::report {
@page_source@
}  // namespace gradus::report
" @ONLY)
target_sources(gradus_report PRIVATE "${page_file}")
