#include <gradus/report/curves.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include <gradus/autograd/foundation/error.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/regular_input.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::report {
namespace {

// The numbers of one line that is an object. Lists and objects inside it are left out.
class Numbers : public files::JsonHandler {
 public:
  std::vector<std::pair<std::string, double>> found;
  std::size_t bad_byte = 0;  // from 1; 0: the line is JSON

  bool start_object() override { return enter(); }
  bool end_object() override { return leave(); }
  bool start_list() override { return enter(); }
  bool end_list() override { return leave(); }
  bool key(const std::string& name) override {
    if (depth_ == 1) key_ = name;
    return true;
  }
  bool string(const std::string&) override { return true; }
  bool whole(std::uint64_t value) override { return number(static_cast<double>(value), ""); }
  bool number(double value, const char*) override {
    if (depth_ == 1) found.emplace_back(key_, value);
    return true;
  }
  bool other(const char*) override { return true; }
  void error(std::size_t byte) override { bad_byte = byte; }

 private:
  bool enter() {
    ++depth_;
    return true;
  }
  bool leave() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  std::string key_;
};

}  // namespace

const Curve* find_curve(const std::vector<Curve>& curves, const std::string& name) {
  const auto at = std::find_if(curves.begin(), curves.end(), [&](const Curve& c) { return c.name == name; });
  return at == curves.end() ? nullptr : &*at;
}

Curve* find_curve(std::vector<Curve>& curves, const std::string& name) {
  return const_cast<Curve*>(find_curve(std::as_const(curves), name));
}

std::vector<Curve> read_curves(const std::filesystem::path& file) {
  files::RegularInput in(file, files::Names::one);
  return read_curves(in, file.string());
}

std::vector<Curve> read_curves(std::istream& in, const std::string& name) {
  std::vector<Curve> curves;
  std::string line;
  for (Index number = 1; std::getline(in, line) && !in.eof(); ++number) {
    Numbers numbers;
    if (!files::read_json(line, numbers)) {
      throw Error(fmt::format("{}, line {}, byte {}: not JSON: {}; remove the line", name, number, numbers.bad_byte,
                              files::shown(line)));
    }
    std::optional<double> step;
    for (const auto& [key, value] : numbers.found)
      if (key == "step") step = value;
    if (!step) continue;
    for (const auto& [key, value] : numbers.found) {
      if (key == "step") continue;
      Curve* curve = find_curve(curves, key);
      if (curve == nullptr) curve = &curves.emplace_back(Curve{key, {}, {}});
      curve->steps.push_back(*step);
      curve->values.push_back(value);
    }
  }
  return curves;
}

Curve thinned(const Curve& curve, std::size_t most) {
  const std::size_t points = curve.values.size(), buckets = std::max<std::size_t>(most / 2, 1);
  if (points <= std::max<std::size_t>(most, 2)) return curve;
  std::vector<std::size_t> kept = {0, points - 1};
  for (std::size_t b = 0; b < buckets; ++b) {
    const auto begin = curve.values.begin() + static_cast<std::ptrdiff_t>(b * points / buckets),
               end = curve.values.begin() + static_cast<std::ptrdiff_t>((b + 1) * points / buckets);
    const auto [least, greatest] = std::minmax_element(begin, end);
    for (const auto at : {least, greatest}) kept.push_back(static_cast<std::size_t>(at - curve.values.begin()));
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  Curve thin{curve.name, {}, {}};
  for (const std::size_t i : kept) {
    thin.steps.push_back(curve.steps[i]);
    thin.values.push_back(curve.values[i]);
  }
  return thin;
}

Curve speed_of(const std::vector<Curve>& times) {
  const auto named = [&](const char* name) {
    const Curve* found = find_curve(times, name);
    return found == nullptr ? Curve{} : *found;
  };
  const Curve seconds = named("step_seconds"), tokens = named("target_tokens");
  const bool has_tokens = !tokens.values.empty() && tokens.values.back() > 0;
  const Curve done = has_tokens ? tokens : named("examples");
  Curve speed{has_tokens ? "tokens_per_second" : "examples_per_second", {}, {}};
  if (seconds.steps != done.steps) return speed;
  double seconds_before = 0, done_before = 0;
  for (std::size_t i = 0; i < seconds.values.size(); ++i) {
    const double passed = seconds.values[i] - seconds_before;
    if (passed > 0) {
      speed.steps.push_back(seconds.steps[i]);
      speed.values.push_back((done.values[i] - done_before) / passed);
    }
    seconds_before = seconds.values[i];
    done_before = done.values[i];
  }
  return speed;
}

}  // namespace gradus::report
