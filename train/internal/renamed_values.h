#pragma once

#include <string>
#include <string_view>

namespace gradus::train {

/// The present name of a value that a setting had under another name: "sequence_error_rate" for train.best_by =
/// "word_error_rate". Any other value is returned as it is. Configurations and checkpoints may have old names, and keep
/// their meaning.
std::string_view present_name(std::string_view key, std::string_view value);

}  // namespace gradus::train
