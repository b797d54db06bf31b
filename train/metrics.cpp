#include "train/metrics.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace gradus::train {

std::string json_line(std::initializer_list<std::pair<const char*, std::variant<Index, double, std::string>>> fields) {
  nlohmann::ordered_json line = nlohmann::ordered_json::object();
  for (const auto& [key, value] : fields) {
    std::visit([&, k = key](const auto& v) { line[k] = v; }, value);
  }
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

MetricsLog::MetricsLog(const std::filesystem::path& path) : path_(path.string()), out_(path, std::ios::app) {
  if (!out_) throw Error(fmt::format("cannot write {}", path_));
}

void MetricsLog::append(const std::string& line) {
  out_ << line << '\n' << std::flush;
  if (!out_) throw Error(fmt::format("cannot write {}: is the disk full?", path_));
}

}  // namespace gradus::train
