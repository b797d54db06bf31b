#include <gradus/autograd/foundation/error.h>

#include <fmt/format.h>

namespace gradus {

Error::Error(const std::string& what, const Place& place)
    : std::runtime_error(fmt::format("{} (at {})", what, to_string(place))) {}

OutOfMemory::OutOfMemory(const std::string& what, std::size_t bytes)
    : Error(fmt::format("there is not enough memory: {} needs {} bytes", what, bytes)), bytes_(bytes) {}

OutOfMemory::OutOfMemory(const std::string& what, std::size_t bytes, const char* op, const Place& place)
    : Error(fmt::format("{}{}there is not enough memory: {} needs {} bytes", op ? op : "", op ? ": " : "", what, bytes),
            place),
      bytes_(bytes) {}

}  // namespace gradus
