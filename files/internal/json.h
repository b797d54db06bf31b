#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gradus/autograd/foundation/types.h>

namespace gradus::files {

using JsonValue = std::variant<bool, Index, double, std::string, std::vector<std::string>, std::vector<double>,
                               std::vector<std::vector<double>>>;
using JsonFields = std::vector<std::pair<std::string, JsonValue>>;

/// One line of JSON: an object of the fields, in order. Numbers that are not finite become null, and bytes that are not
/// UTF-8 become U+FFFD.
std::string json_line(const JsonFields& fields);

/// The text as a string of JSON, in quotes.
std::string json_string(std::string_view text);

/// A number with six significant digits, or null if it is not finite.
std::string json_number(double value);

/// The parts of a JSON text, in order. Each function returns whether to continue.
class JsonHandler {
 public:
  virtual ~JsonHandler() = default;
  virtual bool start_object() = 0;
  virtual bool key(const std::string& name) = 0;
  virtual bool end_object() = 0;
  virtual bool start_list() = 0;
  virtual bool end_list() = 0;
  virtual bool string(const std::string& value) = 0;
  virtual bool whole(std::uint64_t value) = 0;
  /// A number that is negative or not whole: "a negative number", "a number that is not whole".
  virtual bool number(double /*value*/, const char* what) { return other(what); }
  /// Any other value: "null", "a boolean", or what `number` got.
  virtual bool other(const char* what) = 0;
  /// The text is not JSON at this byte.
  virtual void error(std::size_t byte) = 0;
};

/// Parses the text with the handler. False when the handler stopped or the text is not JSON.
bool read_json(const std::string& text, JsonHandler& handler);

}  // namespace gradus::files
