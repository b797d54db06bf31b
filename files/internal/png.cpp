#include <gradus/files/internal/png.h>

#include <zlib.h>

#include <fmt/format.h>

#include <array>
#include <string_view>

#include <gradus/autograd/foundation/error.h>
#include <gradus/files/internal/crc32.h>

namespace gradus::files {
namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

std::string chunk(const char* type, const std::string& contents) {
  const std::string body = type + contents;
  return big_endian(static_cast<std::uint32_t>(contents.size())) + body +
         big_endian(crc32(0, body.data(), body.size()));
}

std::string deflated(const std::string& text) {
  uLongf size = ::compressBound(text.size());
  std::string bytes(size, '\0');
  if (::compress2(reinterpret_cast<Bytef*>(bytes.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
                  text.size(), Z_BEST_COMPRESSION) != Z_OK)
    throw OutOfMemory("a compressed picture", size);
  bytes.resize(size);
  return bytes;
}

}  // namespace

std::string png(Index height, Index width, Index channels, const std::vector<std::uint8_t>& pixels) {
  constexpr Index most = 1 << 20;
  if (channels < 1 || channels > 4 || height < 1 || width < 1 || height > most || width > most ||
      std::ssize(pixels) != height * width * channels) {
    throw Error(
        fmt::format("png: {} bytes for {} x {} pixels with {} channels", pixels.size(), height, width, channels));
  }
  constexpr std::array<char, 4> color_types = {0, 4, 2, 6};
  std::string rows;
  for (Index y = 0; y < height; ++y) {
    rows += '\0';  // no filter
    rows.append(reinterpret_cast<const char*>(pixels.data()) + y * width * channels,
                static_cast<std::size_t>(width * channels));
  }
  const std::string header = big_endian(static_cast<std::uint32_t>(width)) +
                             big_endian(static_cast<std::uint32_t>(height)) + '\x08' +
                             color_types[static_cast<std::size_t>(channels - 1)] + std::string(3, '\0');
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", deflated(rows)) + chunk("IEND", "");
}

std::string base64(const std::string& bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < bytes.size() ? static_cast<unsigned>(static_cast<unsigned char>(bytes[at])) : 0U;
    };
    const unsigned bits = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (std::size_t k = 0; k < 4; ++k) text += i + k > bytes.size() ? '=' : digits[bits >> (18 - 6 * k) & 63];
  }
  return text;
}

}  // namespace gradus::files
