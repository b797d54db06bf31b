#pragma once

#include <string_view>

// The files of report/page/. CMake writes the source (cmake/Page.cmake).
namespace gradus::report {

extern const std::string_view page_html;
extern const std::string_view page_style;
extern const std::string_view page_script;

}  // namespace gradus::report
