#include <gradus/autograd/foundation/place.h>

#include <fmt/format.h>

namespace gradus {

std::string to_string(const Place& place) { return fmt::format("{}:{}", place.file_name(), place.line()); }

}  // namespace gradus
