#pragma once

#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/types.h>

namespace gradus::train {

struct RunConfig;

/// A setting that is unknown, of the wrong type or out of range. The message names key, value and what is allowed.
class ConfigError : public Error {
 public:
  using Error::Error;
};

using Value = std::variant<bool, Index, double, std::string>;

/// One key of the configuration: its name, what it means, what it may be, and where its value is kept.
struct Setting {
  std::string key;  // "train.lr"
  std::string help;
  std::string allowed;  // "a number in (0, 10]"
  std::function<Value(const RunConfig&)> get;
  /// Throws ConfigError on a value of another type or out of range.
  std::function<void(RunConfig&, const Value&)> set;
  /// Reads the value as it stands on a command line; throws ConfigError.
  std::function<Value(std::string_view)> parse;
};

/// "train.batch = 0 is not allowed: a whole number from 1 to 1000000",
/// and, for a name, which of `names` was probably meant.
[[noreturn]] void refuse_value(const Setting& setting, const Value& value, const std::vector<std::string>& names = {});

/// The value as TOML writes it.
std::string to_toml(const Value& value);

// How settings are made. `place` maps a configuration (const or not) to a reference to the value.
namespace make {

std::function<Value(std::string_view)> parser_of(const std::string& key, const std::string& allowed, const Value& like);
bool is_text(std::string_view text);
std::string range_text(const char* what, double min, double max, bool open_low);

template <class Place>
Setting flag(std::string key, Place place, std::string help) {
  Setting s{std::move(key), std::move(help), "true or false", {}, {}, {}};
  s.get = [place](const RunConfig& c) -> Value { return place(c); };
  s.set = [s, place](RunConfig& c, const Value& v) {
    if (!std::holds_alternative<bool>(v)) refuse_value(s, v);
    place(c) = std::get<bool>(v);
  };
  s.parse = parser_of(s.key, s.allowed, false);
  return s;
}

template <class Place>
Setting whole(std::string key, Place place, Index min, Index max, std::string help) {
  Setting s{std::move(key), std::move(help), {}, {}, {}, {}};
  s.allowed = range_text("a whole number", static_cast<double>(min), static_cast<double>(max), false);
  s.get = [place](const RunConfig& c) -> Value { return static_cast<Index>(place(c)); };
  s.set = [s, place, min, max](RunConfig& c, const Value& v) {
    const Index* n = std::get_if<Index>(&v);
    if (n == nullptr || *n < min || *n > max) refuse_value(s, v);
    place(c) = static_cast<std::decay_t<decltype(place(c))>>(*n);
  };
  s.parse = parser_of(s.key, s.allowed, Index{0});
  return s;
}

/// A number in [min, max], or with open_low in (min, max].
template <class Place>
Setting number(std::string key, Place place, double min, double max, bool open_low, std::string help) {
  Setting s{std::move(key), std::move(help), range_text("a number", min, max, open_low), {}, {}, {}};
  s.get = [place](const RunConfig& c) -> Value { return place(c); };
  s.set = [s, place, min, max, open_low](RunConfig& c, const Value& v) {
    double x = std::numeric_limits<double>::quiet_NaN();
    if (const double* d = std::get_if<double>(&v)) x = *d;
    if (const Index* n = std::get_if<Index>(&v)) x = static_cast<double>(*n);
    if (!(x >= min && x <= max) || (open_low && x == min)) refuse_value(s, v);
    place(c) = x;
  };
  s.parse = parser_of(s.key, s.allowed, 0.0);
  return s;
}

template <class Place>
Setting text(std::string key, Place place, std::string help) {
  Setting s{std::move(key), std::move(help), "a text in UTF-8, without NUL", {}, {}, {}};
  s.get = [place](const RunConfig& c) -> Value { return place(c); };
  s.set = [s, place](RunConfig& c, const Value& v) {
    const std::string* words = std::get_if<std::string>(&v);
    if (words == nullptr || !is_text(*words)) refuse_value(s, v);
    place(c) = *words;
  };
  s.parse = parser_of(s.key, s.allowed, std::string());
  return s;
}

/// One of named values; T is an enum or, for names alone, std::string.
template <class T, class Place>
Setting choice(std::string key, Place place, std::vector<std::pair<std::string, T>> choices, std::string help) {
  Setting s{std::move(key), std::move(help), "one of", {}, {}, {}};
  for (std::size_t i = 0; i < choices.size(); ++i) s.allowed += (i == 0 ? " " : ", ") + choices[i].first;
  s.get = [place, choices](const RunConfig& c) -> Value {
    for (const auto& [name, value] : choices)
      if (value == place(c)) return name;
    return std::string();
  };
  s.set = [s, place, choices](RunConfig& c, const Value& v) {
    const std::string* wanted = std::get_if<std::string>(&v);
    std::vector<std::string> names;
    for (const auto& [name, value] : choices) {
      names.push_back(name);
      if (wanted == nullptr || name != *wanted) continue;
      place(c) = value;
      return;
    }
    refuse_value(s, v, names);
  };
  s.parse = parser_of(s.key, s.allowed, std::string());
  return s;
}

}  // namespace make

}  // namespace gradus::train
