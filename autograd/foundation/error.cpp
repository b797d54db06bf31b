#include <gradus/autograd/foundation/error.h>

#include <fmt/format.h>

namespace gradus {

Error::Error(const std::string& what, const Place& place)
    : std::runtime_error(fmt::format("{} (at {})", what, to_string(place))) {}

}  // namespace gradus
