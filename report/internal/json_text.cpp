#include <gradus/report/internal/json_text.h>

#include <fmt/format.h>

#include <gradus/files/internal/json.h>

namespace gradus::report {

std::string json_object(const std::vector<std::pair<const char*, std::string>>& fields) {
  std::string text = "{";
  for (const auto& [name, value] : fields) text += fmt::format("{}\"{}\":{}", text.size() > 1 ? "," : "", name, value);
  return text + "}";
}

std::string json_list(const std::vector<std::string>& elements) {
  return fmt::format("[{}]", fmt::join(elements, ","));
}

std::string json_whole(Index value) { return fmt::format("{}", value); }

std::string json_numbers(const std::vector<double>& values) {
  std::vector<std::string> texts;
  for (const double value : values) texts.push_back(files::json_number(value));
  return json_list(texts);
}

std::string json_strings(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(files::json_string(text));
  return json_list(quoted);
}

}  // namespace gradus::report
