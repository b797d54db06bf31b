#pragma once

#include <string>
#include <string_view>

namespace gradus::report {

/// The page as HTML, with the data (JSON) inside. It has neither links to other files nor addresses.
std::string page(std::string_view title, std::string_view data);

}  // namespace gradus::report
