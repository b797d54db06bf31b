#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gradus/train/setting.h>

// The kinds of settings. Each function makes one row of the table in settings.cpp from its key, the member of the
// configuration that holds its value, and its help.
namespace gradus::train::kinds {

using models::Range;

using Names = std::function<std::vector<std::string>()>;

/// A setting of any kind. `key` may end in a flag, as in "train.lr --lr". `set` returns whether it accepts the value;
/// `like` is any value of the setting's type; `names` are the accepted names, if there are such.
Setting make_setting(std::string key, std::string help, std::function<std::string()> allowed,
                     std::function<Value(const RunConfig&)> get, std::function<bool(RunConfig&, const Value&)> set,
                     Value like, Names names = {});

bool is_text(std::string_view text);
std::string range_text(const char* what, double low, double high, bool above);
std::string list_text(const std::vector<std::string>& names);
/// The numbers with commas between them, and the inverse: nothing when the text is another or a number out of range.
std::string joined(const std::vector<Index>& numbers);
std::optional<std::vector<Index>> whole_numbers(std::string_view text, Range<Index> range);
/// The same for numbers in general, in their shortest notation.
std::string joined(const std::vector<double>& numbers);
std::optional<std::vector<double>> numbers_of(std::string_view text, Range<double> range);
/// The value as a number, where it is one.
std::optional<double> number_of(const Value& value);

// The member of RunConfig that holds a Section.
template <class Section>
inline constexpr Section RunConfig::*section = nullptr;
template <>
inline constexpr auto section<models::Seq2SeqOptions> = &RunConfig::model;
template <>
inline constexpr auto section<models::ImageOptions> = &RunConfig::image;
template <>
inline constexpr auto section<DataConfig> = &RunConfig::data;
template <>
inline constexpr auto section<TrainConfig> = &RunConfig::train;
template <>
inline constexpr auto section<DecodeConfig> = &RunConfig::decode;

template <class Section>
Setting flag(std::string key, bool Section::*member, std::string help) {
  return make_setting(
      std::move(key), std::move(help), [] { return "true or false"; },
      [member](const RunConfig& c) { return c.*section<Section>.*member; },
      [member](RunConfig& c, const Value& v) {
        const bool* b = std::get_if<bool>(&v);
        if (b != nullptr) c.*section<Section>.*member = *b;
        return b != nullptr;
      },
      false);
}

template <class Section>
Setting whole(std::string key, Index Section::*member, Range<Index> range, std::string help) {
  return make_setting(
      std::move(key), std::move(help),
      [range] {
        return range_text("a whole number", static_cast<double>(range.low), static_cast<double>(range.high), false);
      },
      [member](const RunConfig& c) { return c.*section<Section>.*member; },
      [member, range](RunConfig& c, const Value& v) {
        const Index* n = std::get_if<Index>(&v);
        const bool good = n != nullptr && *n >= range.low && *n <= range.high;
        if (good) c.*section<Section>.*member = *n;
        return good;
      },
      Index{0});
}

/// A number in `range`; with `above` it must be more than range.low.
template <class Section>
Setting number(std::string key, double Section::*member, Range<double> range, std::string help, bool above = false) {
  return make_setting(
      std::move(key), std::move(help), [=] { return range_text("a number", range.low, range.high, above); },
      [member](const RunConfig& c) { return c.*section<Section>.*member; },
      [=](RunConfig& c, const Value& v) {
        const double x = number_of(v).value_or(std::numeric_limits<double>::quiet_NaN());
        const bool good = x >= range.low && x <= range.high && !(above && x == range.low);
        if (good) c.*section<Section>.*member = x;
        return good;
      },
      0.0);
}

/// A number above 0, at most `high`.
template <class Section>
Setting positive(std::string key, double Section::*member, double high, std::string help) {
  return number(std::move(key), member, {0, high}, std::move(help), true);
}

/// Any text; `placeholder` stands for it in help.
template <class Section>
Setting text(std::string key, std::string Section::*member, std::string help, std::string placeholder = "TEXT") {
  Setting setting = make_setting(
      std::move(key), std::move(help), [] { return "a text in UTF-8, without NUL"; },
      [member](const RunConfig& c) { return c.*section<Section>.*member; },
      [member](RunConfig& c, const Value& v) {
        const std::string* words = std::get_if<std::string>(&v);
        const bool good = words != nullptr && is_text(*words);
        if (good) c.*section<Section>.*member = *words;
        return good;
      },
      std::string());
  setting.placeholder = std::move(placeholder);
  return setting;
}

/// A text that `accepts`; `allowed` describes it.
template <class Section>
Setting text_of(std::string key, std::string Section::*member, std::function<bool(std::string_view)> accepts,
                std::string allowed, std::string help) {
  return make_setting(
      std::move(key), std::move(help), [allowed] { return allowed; },
      [member](const RunConfig& c) { return c.*section<Section>.*member; },
      [member, accepts](RunConfig& c, const Value& v) {
        const std::string* words = std::get_if<std::string>(&v);
        const bool good = words != nullptr && is_text(*words) && accepts(*words);
        if (good) c.*section<Section>.*member = *words;
        return good;
      },
      std::string());
}

/// Whole numbers in `range`, separated by commas.
template <class Section>
Setting whole_list(std::string key, std::vector<Index> Section::*member, Range<Index> range, std::string help) {
  return make_setting(
      std::move(key), std::move(help),
      [range] {
        return range_text("whole numbers, separated by commas,", static_cast<double>(range.low),
                          static_cast<double>(range.high), false);
      },
      [member](const RunConfig& c) { return joined(c.*section<Section>.*member); },
      [member, range](RunConfig& c, const Value& v) {
        const std::string* words = std::get_if<std::string>(&v);
        const auto numbers = words == nullptr ? std::nullopt : whole_numbers(*words, range);
        if (numbers) c.*section<Section>.*member = *numbers;
        return numbers.has_value();
      },
      std::string());
}

/// Numbers in `range`, separated by commas.
template <class Section>
Setting number_list(std::string key, std::vector<double> Section::*member, Range<double> range, std::string help) {
  return make_setting(
      std::move(key), std::move(help),
      [range] { return range_text("numbers, separated by commas,", range.low, range.high, false); },
      [member](const RunConfig& c) { return joined(c.*section<Section>.*member); },
      [member, range](RunConfig& c, const Value& v) {
        const std::string* words = std::get_if<std::string>(&v);
        const auto numbers = words == nullptr ? std::nullopt : numbers_of(*words, range);
        if (numbers) c.*section<Section>.*member = *numbers;
        return numbers.has_value();
      },
      std::string());
}

/// One of names(), kept as the name.
template <class Section>
Setting name(std::string key, std::string Section::*member, Names names, std::string help) {
  return make_setting(
      std::move(key), std::move(help), [names] { return list_text(names()); },
      [member](const RunConfig& c) { return c.*section<Section>.*member; },
      [member, names](RunConfig& c, const Value& v) {
        for (const std::string& name : names()) {
          if (v != Value(name)) continue;
          c.*section<Section>.*member = name;
          return true;
        }
        return false;
      },
      std::string(), names);
}

/// One value of an enum; `spelling` has the names of all its values, in their order.
template <class Section, class Enum, std::size_t n>
Setting choice(std::string key, Enum Section::*member, const std::string_view (&spelling)[n], std::string help) {
  const std::vector<std::string> names(std::begin(spelling), std::end(spelling));
  return make_setting(
      std::move(key), std::move(help), [names] { return list_text(names); },
      [member, names](const RunConfig& c) -> Value {
        const auto at = static_cast<std::size_t>(c.*section<Section>.*member);
        if (at < n) return names[at];
        return static_cast<Index>(at);  // no value of the enum: `set` refuses it
      },
      [member, names](RunConfig& c, const Value& v) {
        for (std::size_t i = 0; i < n; ++i) {
          if (v != Value(names[i])) continue;
          c.*section<Section>.*member = static_cast<Enum>(i);
          return true;
        }
        return false;
      },
      std::string(), [names] { return names; });
}

}  // namespace gradus::train::kinds
