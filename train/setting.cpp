#include <gradus/train/setting.h>

#include <fmt/format.h>

#include <cmath>

namespace gradus::train {
namespace {

// A basic string of TOML 1.0: quotes, backslashes and control characters are escaped.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

std::string to_toml(const Value& value) {
  if (const bool* b = std::get_if<bool>(&value)) return *b ? "true" : "false";
  if (const Index* n = std::get_if<Index>(&value)) return fmt::format("{}", *n);
  if (const double* d = std::get_if<double>(&value)) {
    std::string text = fmt::format("{}", *d);
    if (std::isfinite(*d) && text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
  }
  return in_quotes(std::get<std::string>(value));
}

}  // namespace gradus::train
