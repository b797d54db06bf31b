#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gradus/train/config.h>

namespace gradus::train {

/// The value as --set takes it: text without quotes, anything else as in TOML.
std::string plain_text(const Value& value);

/// A setting of a sweep: a list of values, or a range of numbers.
struct SweptSetting {
  std::string key;                       // "train.lr"
  std::vector<std::string> values = {};  // as plain_text writes them; empty for a range
  bool range = false;                    // it is a range from `low` to `high`
  double low = 0,                        ///< least value of the range, included
      high = 0;                          ///< largest value, included
  bool logarithmic = false;              // the logarithm of a draw is uniform
};

/// Reads assignments KEY=VALUES in the order of the keys; a key may occur several times and then has all values. VALUES
/// is
///
/// - a value of the setting, even if it has commas;
/// - values between commas;
/// - a range LOW..HIGH, or log:LOW..HIGH.
///
/// Throws ConfigError on an unknown key, a value that the setting does not have, and a range that is empty, of a
/// setting without numbers or beside other values of its key.
std::vector<SweptSetting> read_sweep(const std::vector<std::string>& assignments);

/// Every combination of the values; the last setting changes fastest. Throws ConfigError on a range, on a setting
/// without values, and for more than 1,000,000 combinations.
std::vector<Assignments> grid(const std::vector<SweptSetting>& settings);

/// Up to `count` different combinations: each value is drawn from its list or range. A draw depends on the seed, the
/// key and its number alone, so that a larger count only adds combinations. Numbers from ranges have three digits.
/// There are fewer combinations when the lists have no more. Throws ConfigError on a setting without values, a range
/// that is empty or not of numbers, and a `count` that is not from 0 to 1,000,000.
std::vector<Assignments> draws(const std::vector<SweptSetting>& settings, Index count, std::uint64_t seed);

/// A name for a file from the settings of a combination that have several values, such as "lr=0.001,dropout=0.3". Two
/// combinations of a sweep have different names.
std::string name_of(const Assignments& combination, const std::vector<SweptSetting>& settings);

}  // namespace gradus::train
