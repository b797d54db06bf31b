#include <gradus/train/sweep.h>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include <gradus/autograd/foundation/internal/fnv1a.h>
#include <gradus/autograd/foundation/random.h>
#include <gradus/autograd/foundation/sizes.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::train {
namespace {

// The value as its setting writes it: 1e-3 is "0.001". Throws ConfigError when the setting does not have it.
std::string checked(const Setting& setting, const std::string& text) {
  RunConfig probe;
  setting.set(probe, setting.parse(text));
  return plain_text(setting.get(probe));
}

std::optional<std::string> value_of(const Setting& setting, const std::string& text) {
  try {
    return checked(setting, text);
  } catch (const ConfigError&) {
    return std::nullopt;
  }
}

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

constexpr Index most_combinations = 1'000'000;

bool is_whole(const Setting& setting) { return std::holds_alternative<Index>(setting.get({})); }

// Throws ConfigError unless the setting has values or a range of numbers; `text` is how it was written.
void check_swept(const SweptSetting& s, std::string_view text) {
  if (!s.range && s.values.empty()) throw ConfigError(fmt::format("{} has no values: give values or a range", s.key));
  const bool numbers = std::isfinite(s.low) && std::isfinite(s.high) && s.low < s.high;
  if (!s.range || (numbers && (!s.logarithmic || s.low > 0))) return;
  throw ConfigError(fmt::format("{} = {}: expected LOW..HIGH with LOW below HIGH{}", s.key, files::shown(text),
                                s.logarithmic ? ", and above 0 with log:" : ""));
}

void check_swept(const SweptSetting& s) {
  check_swept(s, fmt::format("{}{}..{}", s.logarithmic ? "log:" : "", s.low, s.high));
}

// Reads LOW..HIGH or log:LOW..HIGH. False when the text is another.
bool read_range(const Setting& setting, std::string_view text, SweptSetting& into) {
  const Value like = setting.get({});
  const std::string_view whole = text;
  const bool logarithmic = text.starts_with("log:");
  if (logarithmic) text.remove_prefix(4);
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return false;
  const std::string low(text.substr(0, dots)), high(text.substr(dots + 2));
  const std::optional<double> from = number_of(low), to = number_of(high);
  if (!from || !to || std::holds_alternative<bool>(like) || std::holds_alternative<std::string>(like)) return false;
  checked(setting, low);
  checked(setting, high);
  into.range = true;
  into.low = *from;
  into.high = *to;
  into.logarithmic = logarithmic;
  check_swept(into, whole);
  return true;
}

void read_values(const Setting& setting, const std::string& text, SweptSetting& into) {
  const auto add = [&](std::string value) {
    if (std::find(into.values.begin(), into.values.end(), value) == into.values.end())
      into.values.push_back(std::move(value));
  };
  if (std::optional<std::string> one = value_of(setting, text))
    add(*std::move(one));
  else if (!read_range(setting, text, into))
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      add(checked(setting, text.substr(begin, end - begin)));
      begin = end + 1;
    }
  if (into.range && !into.values.empty())
    throw ConfigError(fmt::format("{} has a range and other values: give one or the other", setting.key));
}

bool varies(const SweptSetting& setting) { return setting.range || setting.values.size() > 1; }

std::string draw(const SweptSetting& setting, std::uint64_t seed, std::uint64_t number) {
  const Philox random(seed, fnv1a(setting.key));
  if (!setting.range) return setting.values[random.below(number, setting.values.size())];
  const double share = random.uniform(number);
  const auto between = [&](double low, double high) { return low + share * (high - low); };
  if (is_whole(setting_named(setting.key))) {
    // Each whole number has an equal part of the range, or of its logarithms.
    const double value = setting.logarithmic ? std::exp(between(std::log(setting.low), std::log(setting.high + 1)))
                                             : between(setting.low, setting.high + 1);
    return fmt::format("{}", static_cast<Index>(std::clamp(std::floor(value), setting.low, setting.high)));
  }
  const double value = setting.logarithmic ? std::exp(between(std::log(setting.low), std::log(setting.high)))
                                           : between(setting.low, setting.high);
  const double rounded = *number_of(fmt::format("{:.3g}", value));
  return checked(setting_named(setting.key), fmt::format("{}", std::clamp(rounded, setting.low, setting.high)));
}

}  // namespace

std::string plain_text(const Value& value) {
  const auto* words = std::get_if<std::string>(&value);
  return words != nullptr ? *words : to_toml(value);
}

std::vector<SweptSetting> read_sweep(const std::vector<std::string>& assignments) {
  std::vector<SweptSetting> all;
  for (const std::string& assignment : assignments) {
    const auto [key, text] = split_assignment(assignment);
    const Setting& setting = setting_named(key);
    auto at = std::find_if(all.begin(), all.end(), [&key = key](const SweptSetting& s) { return s.key == key; });
    if (at == all.end()) at = all.insert(all.end(), SweptSetting{.key = key});
    read_values(setting, text, *at);
  }
  return all;
}

std::vector<Assignments> grid(const std::vector<SweptSetting>& settings) {
  std::vector<Assignments> all{{}};
  for (const SweptSetting& setting : settings) {
    if (setting.range) throw ConfigError(fmt::format("{} has a range, which only --random N draws from", setting.key));
    check_swept(setting);
    if (mul_sat(std::ssize(all), std::ssize(setting.values)) > most_combinations)
      throw ConfigError(
          fmt::format("a sweep has more than {} combinations up to {}: give fewer values, or draw some with "
                      "--random N",
                      most_combinations, setting.key));
    std::vector<Assignments> longer;
    for (const Assignments& before : all) {
      for (const std::string& value : setting.values) {
        longer.push_back(before);
        longer.back().emplace_back(setting.key, value);
      }
    }
    all = std::move(longer);
  }
  return all;
}

std::vector<Assignments> draws(const std::vector<SweptSetting>& settings, Index count, std::uint64_t seed) {
  constexpr Index tries_per_combination = 100;
  if (count < 0 || count > most_combinations)
    throw ConfigError(fmt::format("{} combinations of a sweep; expected 0 to {}", count, most_combinations));
  for (const SweptSetting& setting : settings) check_swept(setting);
  std::vector<Assignments> all;
  std::set<Assignments> known;
  for (Index i = 0; i < tries_per_combination * count && std::ssize(all) < count; ++i) {
    Assignments combination;
    for (const SweptSetting& setting : settings)
      combination.emplace_back(setting.key, draw(setting, seed, static_cast<std::uint64_t>(i)));
    if (known.insert(combination).second) all.push_back(combination);
  }
  return all;
}

std::string name_of(const Assignments& combination, const std::vector<SweptSetting>& settings) {
  constexpr std::size_t longest = 120;
  const auto last = [](const std::string& key) { return key.substr(key.rfind('.') + 1); };
  const auto is_unique = [&](const std::string& key) {
    return std::count_if(settings.begin(), settings.end(),
                         [&](const SweptSetting& s) { return varies(s) && last(s.key) == last(key); }) == 1;
  };
  std::string name;
  for (const auto& [key, value] : combination) {
    const auto setting =
        std::find_if(settings.begin(), settings.end(), [&key = key](const SweptSetting& s) { return s.key == key; });
    if (setting == settings.end() || !varies(*setting)) continue;
    const std::string part = fmt::format("{}={}", is_unique(key) ? last(key) : key, value);
    name += (name.empty() ? "" : ",") + part;
  }
  if (name.empty()) return "run";
  const std::string exact = name;

  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 &&
        std::string_view("._+-=,").find(c) == std::string_view::npos)
      c = '-';
  name = name.substr(0, longest);
  if (name == exact) return name;
  return fmt::format("{}-{:08x}", name, fnv1a(exact) & 0xFFFFFFFF);
}

}  // namespace gradus::train
