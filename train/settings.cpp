#include <gradus/train/settings.h>

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include <gradus/data/internal/utf8.h>
#include <gradus/train/internal/suggest.h>

namespace gradus::train {
namespace {

// Basic strings of TOML 1.0: everything but control characters, quote and backslash stands for itself.
std::string quoted(std::string_view text) {
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

[[noreturn]] void refuse_text(const std::string& key, std::string_view value, const std::string& allowed) {
  throw ConfigError(fmt::format("{} = \"{}\" is not allowed: {}", key, data::shown(value), allowed));
}

template <class T>
bool read_all(std::string_view text, T& value) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() && end == text.data() + text.size();
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
  return quoted(std::get<std::string>(value));
}

void refuse_value(const Setting& setting, const Value& value, const std::vector<std::string>& names) {
  const std::string* name = std::get_if<std::string>(&value);
  const std::string text = name == nullptr ? to_toml(value) : fmt::format("\"{}\"", data::shown(*name));
  throw ConfigError(fmt::format("{} = {} is not allowed: {}{}", setting.key, text, setting.allowed,
                                name == nullptr ? "" : did_you_mean(*name, names)));
}

namespace make {

bool is_text(std::string_view text) {
  return text.find('\0') == std::string_view::npos && data::find_invalid_utf8(text) == std::string_view::npos;
}

std::string range_text(const char* what, double min, double max, bool open_low) {
  if (std::isinf(max)) return fmt::format("{} {} {}", what, open_low ? "above" : "from", min);
  if (open_low) return fmt::format("{} above {} up to {}", what, min, max);
  return fmt::format("{} from {} to {}", what, min, max);
}

std::function<Value(std::string_view)> parser_of(const std::string& key, const std::string& allowed,
                                                 const Value& like) {
  return [key, allowed, like](std::string_view text) -> Value {
    if (std::holds_alternative<std::string>(like)) return std::string(text);
    if (std::holds_alternative<bool>(like)) {
      if (text == "true") return true;
      if (text == "false") return false;
    } else if (std::holds_alternative<Index>(like)) {
      Index n = 0;
      if (read_all(text, n)) return n;
    } else {
      double d = 0;
      if (read_all(text, d)) return d;
    }
    refuse_text(key, text, allowed);
  };
}

}  // namespace make

}  // namespace gradus::train
