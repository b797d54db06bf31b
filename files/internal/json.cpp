#include <gradus/files/internal/json.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace gradus::files {
namespace {

class Events : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Events(JsonHandler& handler) : handler_(handler) {}

  bool null() override { return handler_.other("null"); }
  bool boolean(bool) override { return handler_.other("a boolean"); }
  bool number_integer(number_integer_t value) override {
    return handler_.number(static_cast<double>(value), "a negative number");
  }
  bool number_float(number_float_t value, const string_t&) override {
    return handler_.number(value, "a number that is not whole");
  }
  bool binary(binary_t&) override { return handler_.other("binary data"); }
  bool number_unsigned(number_unsigned_t value) override { return handler_.whole(value); }
  bool string(string_t& value) override { return handler_.string(value); }
  bool start_object(std::size_t) override { return handler_.start_object(); }
  bool key(string_t& name) override { return handler_.key(name); }
  bool end_object() override { return handler_.end_object(); }
  bool start_array(std::size_t) override { return handler_.start_list(); }
  bool end_array() override { return handler_.end_list(); }
  bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception&) override {
    handler_.error(byte);
    return false;
  }

 private:
  JsonHandler& handler_;
};

}  // namespace

std::string json_line(const JsonFields& fields) {
  nlohmann::ordered_json line = nlohmann::ordered_json::object();
  for (const auto& [key, value] : fields) std::visit([&, &k = key](const auto& v) { line[k] = v; }, value);
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string json_number(double value) { return std::isfinite(value) ? fmt::format("{:.6g}", value) : "null"; }

std::string json_string(std::string_view text) { return nlohmann::json(text).dump(); }

bool read_json(const std::string& text, JsonHandler& handler) {
  Events events(handler);
  return nlohmann::json::sax_parse(text, &events);
}

}  // namespace gradus::files
