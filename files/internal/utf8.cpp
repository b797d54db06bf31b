#include <gradus/files/internal/utf8.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/foundation/error.h>

namespace gradus::files {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

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

void require_utf8(std::string_view text) {
  const std::size_t bad = find_invalid_utf8(text);
  if (bad == std::string_view::npos) return;
  throw Error(fmt::format("column {}: byte 0x{:02X} is not UTF-8; convert the text to UTF-8 first",
                          column_of(text, bad), byte_at(text, bad)));
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

}  // namespace gradus::files
