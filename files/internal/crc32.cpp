#include <gradus/files/internal/crc32.h>

#include <zlib.h>

namespace gradus::files {

std::uint32_t crc32(std::uint32_t before, const void* bytes, std::size_t size) {
  return static_cast<std::uint32_t>(::crc32_z(before, static_cast<const Bytef*>(bytes), size));
}

}  // namespace gradus::files
