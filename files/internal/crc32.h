#pragma once

#include <cstddef>
#include <cstdint>

namespace gradus::files {

/// The CRC-32 of gzip and PNG (RFC 1952, section 8) of bytes that follow others, whose CRC-32 is `before`; 0: none.
std::uint32_t crc32(std::uint32_t before, const void* bytes, std::size_t size);

}  // namespace gradus::files
