#include <gradus/train/internal/renamed_values.h>

namespace gradus::train {
namespace {

struct Renamed {
  std::string_view key, before, now;
};

// An old name never becomes the name of another value.
constexpr Renamed all[] = {{"train.best_by", "word_error_rate", "sequence_error_rate"}};

}  // namespace

std::string_view present_name(std::string_view key, std::string_view value) {
  for (const Renamed& r : all)
    if (key == r.key && value == r.before) return r.now;
  return value;
}

}  // namespace gradus::train
