#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/data/internal/lines.h>

namespace gradus::data {

/// A key whose value is a string, or a list of strings.
struct WantedKey {
  std::string_view key;
  std::string* text = nullptr;
  std::vector<std::string>* list = nullptr;
};

/// Reads the values of the wanted keys from a text that is a JSON object with them. Other keys are ignored. Returns the
/// flaw of the text, if it has one.
std::optional<Flaw> read_object(std::string_view text, const std::vector<WantedKey>& wanted);

}  // namespace gradus::data
