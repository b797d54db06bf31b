#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gradus/autograd/foundation/error.h>
#include <gradus/train/run_config.h>

namespace gradus::train {

/// A setting is unknown, of the wrong type or out of range. The message names the key, the value and what is allowed.
class ConfigError : public Error {
 public:
  /// An error with this message.
  using Error::Error;
};

/// The value of a setting. A choice and a list are text.
using Value = std::variant<bool, Index, double, std::string>;

/// The value in TOML's notation.
std::string to_toml(const Value& value);

/// One key of the configuration.
struct Setting {
  std::string key;   // "train.lr"
  std::string help;  // what it sets, in one phrase
  /// The values that it takes: "a number above 0 up to 100".
  std::function<std::string()> allowed;
  /// Its value in a configuration.
  std::function<Value(const RunConfig&)> get;
  /// Throws ConfigError on a value of another type or out of range.
  std::function<void(RunConfig&, const Value&)> set;
  /// Reads the value as it is written on a command line; throws ConfigError.
  std::function<Value(std::string_view)> parse;
  std::string placeholder;  // of a value in help: "N"
  /// The accepted names; empty: not a list of names.
  std::function<std::vector<std::string>()> names;
  std::string flag;  // of commands: "--lr"; empty: set with --set and --config alone
};

}  // namespace gradus::train
