#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include <gradus/autograd/foundation/types.h>

namespace gradus::data {

/// "1 pair", "2 pairs".
inline std::string counted(Index count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace gradus::data
