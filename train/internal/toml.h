#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/train/setting.h>

namespace gradus::train {

/// One value of a TOML file, with the places of key and value for messages ("run.toml:3:1").
struct TomlEntry {
  std::string key;             // "train.lr"
  std::optional<Value> value;  // empty: a table, a list or a date
  std::string key_place, value_place;
};

/// The values of a TOML text, in its order of keys. If is_section(key), a table is read as its values; otherwise it is
/// one entry without a value. `name` is the name of the text in messages. Throws ConfigError on text that is not TOML
/// and on keys of more than 8 parts.
std::vector<TomlEntry> read_toml(std::string_view text, const std::string& name,
                                 const std::function<bool(const std::string& key)>& is_section);

}  // namespace gradus::train
