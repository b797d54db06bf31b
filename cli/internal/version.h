#pragma once

namespace gradus::cli {

inline constexpr const char* version = "0.1.0";

}  // namespace gradus::cli
