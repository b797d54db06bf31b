#pragma once

// Names of Catch2 3.x (Ubuntu 24.04), also with 2.x (Debian 12, Ubuntu 22.04), and Approx without Catch::.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>

using Catch::Approx;
#else
#include <catch2/catch.hpp>
#include <string>

namespace Catch {

using Detail::Approx;

namespace Matchers {

inline auto ContainsSubstring(const std::string& text, CaseSensitive::Choice sensitive = CaseSensitive::Yes) {
  return Contains(text, sensitive);
}

}  // namespace Matchers
}  // namespace Catch
#endif
