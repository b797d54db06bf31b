#include <gradus/train/internal/setting_kinds.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include <gradus/files/internal/utf8.h>
#include <gradus/train/internal/suggest.h>

namespace gradus::train::kinds {
namespace {

template <class T>
bool read_all(std::string_view text, T& value) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() && end == text.data() + text.size();
}

// The text as a value of the type that `like` has.
std::optional<Value> parsed(std::string_view text, const Value& like) {
  if (std::holds_alternative<std::string>(like)) return std::string(text);
  if (std::holds_alternative<bool>(like)) {
    if (text == "true") return true;
    if (text == "false") return false;
  } else if (std::holds_alternative<Index>(like)) {
    if (Index n = 0; read_all(text, n)) return n;
  } else if (double d = 0; read_all(text, d)) {
    return d;
  }
  return std::nullopt;
}

[[noreturn]] void refuse(const std::string& key, const std::string& value, const std::string& allowed,
                         const std::string& suggestion = {}) {
  throw ConfigError(fmt::format("{} = {} is not allowed: {}{}", key, value, allowed, suggestion));
}

std::string in_quotes(std::string_view text) { return fmt::format("\"{}\"", files::shown(text)); }

template <class T>
std::optional<std::vector<T>> list_of(std::string_view text, Range<T> range) {
  std::vector<T> numbers;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    T number = 0;
    if (!read_all(text.substr(0, comma), number) || !(number >= range.low && number <= range.high)) return std::nullopt;
    numbers.push_back(number);
    if (comma + 1 == text.size()) return std::nullopt;
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return numbers;
}

}  // namespace

bool is_text(std::string_view text) {
  return text.find('\0') == std::string_view::npos && files::find_invalid_utf8(text) == std::string_view::npos;
}

std::string range_text(const char* what, double low, double high, bool above) {
  if (std::isinf(high)) return fmt::format("{} {} {}", what, above ? "above" : "from", low);
  if (above) return fmt::format("{} above {} up to {}", what, low, high);
  return fmt::format("{} from {} to {}", what, low, high);
}

std::string list_text(const std::vector<std::string>& names) {
  return fmt::format("one of {}", fmt::join(names, ", "));
}

std::string joined(const std::vector<Index>& numbers) { return fmt::format("{}", fmt::join(numbers, ",")); }

std::string joined(const std::vector<double>& numbers) { return fmt::format("{}", fmt::join(numbers, ",")); }

std::optional<std::vector<Index>> whole_numbers(std::string_view text, Range<Index> range) {
  return list_of<Index>(text, range);
}

std::optional<std::vector<double>> numbers_of(std::string_view text, Range<double> range) {
  return list_of<double>(text, range);
}

std::optional<double> number_of(const Value& value) {
  if (const double* d = std::get_if<double>(&value)) return *d;
  if (const Index* n = std::get_if<Index>(&value)) return static_cast<double>(*n);
  return std::nullopt;
}

Setting make_setting(std::string key, std::string help, std::function<std::string()> allowed,
                     std::function<Value(const RunConfig&)> get, std::function<bool(RunConfig&, const Value&)> set,
                     Value like, Names names) {
  const std::size_t space = key.find(' ');
  const std::string flag = space == std::string::npos ? std::string() : key.substr(space + 1);
  key.resize(std::min(space, key.size()));
  auto checked_set = [=](RunConfig& config, const Value& value) {
    if (set(config, value)) return;
    const std::string* text = std::get_if<std::string>(&value);
    refuse(key, text == nullptr ? to_toml(value) : in_quotes(*text), allowed(),
           text == nullptr || !names ? std::string() : did_you_mean(*text, names()));
  };
  auto parse = [=](std::string_view text) {
    const std::optional<Value> value = parsed(text, like);
    if (!value) refuse(key, in_quotes(text), allowed());
    return *value;
  };
  const std::string placeholder = names                                  ? "NAME"
                                  : std::holds_alternative<bool>(like)   ? "true|false"
                                  : std::holds_alternative<Index>(like)  ? "N"
                                  : std::holds_alternative<double>(like) ? "X"
                                                                         : "TEXT";
  return {key,         std::move(help), allowed, std::move(get), std::move(checked_set), std::move(parse),
          placeholder, names,           flag};
}

}  // namespace gradus::train::kinds
