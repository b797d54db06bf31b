#include <gradus/files/internal/utf8.h>

#include <fmt/format.h>

#include <algorithm>

namespace gradus::files {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

unsigned to_lower(unsigned c) {
  const auto within = [c](unsigned first, unsigned last) { return first <= c && c <= last; };
  if (within('A', 'Z')) return c + 32;
  if (within(0xC0, 0xDE) && c != 0xD7) return c + 32;
  if (within(0x100, 0x12F) || within(0x132, 0x137) || within(0x14A, 0x177)) return c | 1;
  if (within(0x139, 0x148) || within(0x179, 0x17E)) return c + c % 2;
  if (c == 0x130) return 'i';
  if (c == 0x178) return 0xFF;
  if (c == 0x386) return 0x3AC;
  if (within(0x388, 0x38A)) return c + 37;
  if (c == 0x38C) return 0x3CC;
  if (within(0x38E, 0x38F)) return c + 63;
  if (within(0x391, 0x3AB) && c != 0x3A2) return c + 32;
  if (within(0x400, 0x40F)) return c + 80;
  if (within(0x410, 0x42F)) return c + 32;
  return c;
}

}  // namespace

std::size_t utf8_length(std::string_view text, std::size_t at) {
  const unsigned first = byte_at(text, at);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() - at < length) return 0;
  // The second byte rules out overlong forms, surrogates and values above U+10FFFF (Unicode, table 3-7).
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (byte_at(text, at + 1) < low || byte_at(text, at + 1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if ((byte_at(text, at + i) & 0xC0) != 0x80) return 0;
  return length;
}

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

Index column_of(std::string_view text, std::size_t offset) {
  Index column = 1;
  for (const char c : text.substr(0, offset)) column += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return column;
}

std::string shown(std::string_view text, std::size_t most) {
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text, at), 1);
    if (at + length > most) return plain + "...";
    const std::string_view character = text.substr(at, length);
    const bool printable =
        length == 1 ? byte_at(text, at) >= 0x20 && byte_at(text, at) < 0x7F : character > "\xC2\x9F";  // C1 controls
    if (printable) {
      plain += character;
    } else {
      for (const char c : character) plain += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    }
    at += length;
  }
  return plain;
}

std::string lowercase(std::string_view text) {
  std::string lower;
  lower.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 1) {
      lower += static_cast<char>(to_lower(byte_at(text, at)));
    } else if (length == 2) {
      const unsigned c = to_lower((byte_at(text, at) & 0x1F) << 6 | (byte_at(text, at + 1) & 0x3F));
      if (c >= 0x80) lower += static_cast<char>(0xC0 | c >> 6);
      lower += static_cast<char>(c >= 0x80 ? 0x80 | (c & 0x3F) : c);
    } else {
      lower += text.substr(at, std::max<std::size_t>(length, 1));
    }
    at += std::max<std::size_t>(length, 1);
  }
  return lower;
}

}  // namespace gradus::files
