#pragma once

#include <cstddef>
#include <filesystem>
#include <istream>
#include <string>
#include <vector>

namespace gradus::report {

/// A value over the steps of a run.
struct Curve {
  std::string name;  // "valid_loss"
  std::vector<double> steps, values;
};

/// The numbers of a file of JSON lines by name, in the order in which the names first appear. A line that has no step,
/// and values that are not numbers, are left out. So is an unfinished last line, because a run may be in training.
/// Throws Error that names file and line when a line is not JSON.
std::vector<Curve> read_curves(const std::filesystem::path& file);
/// The same from a stream; `name` is its name in messages.
std::vector<Curve> read_curves(std::istream& in, const std::string& name);

/// The curve of this name, or null.
const Curve* find_curve(const std::vector<Curve>& curves, const std::string& name);
Curve* find_curve(std::vector<Curve>& curves, const std::string& name);

/// At most about `most` points of a curve: of each run of neighbours the smallest and the largest value, and the first
/// and the last point.
Curve thinned(const Curve& curve, std::size_t most);

/// The speed between the lines of times.jsonl: `tokens_per_second`, target tokens per second of training steps, or
/// `examples_per_second` where targets have no tokens. Empty without times.
Curve speed_of(const std::vector<Curve>& times);

}  // namespace gradus::report
