#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gradus/autograd/foundation/types.h>

namespace gradus::files {

/// A picture as the bytes of a PNG file (ISO/IEC 15948). pixels [height, width, channels]: grey, grey and opacity,
/// colours, or colours and opacity. Throws Error unless channels is 1 to 4, height and width are at least 1, and there
/// is a byte per number.
std::string png(Index height, Index width, Index channels, const std::vector<std::uint8_t>& pixels);

/// The bytes in base64 (RFC 4648, section 4).
std::string base64(const std::string& bytes);

}  // namespace gradus::files
