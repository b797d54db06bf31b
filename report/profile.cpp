#include <gradus/report/profile.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <gradus/autograd/foundation/error.h>
#include <gradus/files/internal/json.h>
#include <gradus/report/internal/json_text.h>

namespace gradus::report {
namespace {

constexpr const char* of_step[] = {"step_ms",   "unobserved_ms", "outside_ms", "clip_ms",
                                   "update_ms", "peak_bytes",    "gflops",     "gb_per_second"};
constexpr const char* of_part[] = {"calls", "ms", "flops", "bytes", "least_ms", "allocated_bytes", "kept_bytes"};

template <class Names>
bool among(const Names& names, const std::string& name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

class Reader : public files::JsonHandler {
 public:
  RunProfile found;
  std::size_t bad_byte = 0;  // from 1; 0: the text is JSON

  bool start_object() override {
    open_.push_back(std::exchange(key_, ""));
    if (parts() && open_.size() == 3) parts()->emplace_back();
    return true;
  }
  bool end_object() override {
    open_.pop_back();
    return true;
  }
  bool start_list() override {
    open_.push_back(std::exchange(key_, ""));
    return true;
  }
  bool end_list() override { return end_object(); }
  bool key(const std::string& name) override {
    key_ = name;
    return true;
  }
  bool string(const std::string& value) override {
    if (in_part() && open_.size() == 3 && key_ == "name") parts()->back().name = value;
    return true;
  }
  bool whole(std::uint64_t value) override { return number(static_cast<double>(value), ""); }
  bool number(double value, const char*) override {
    if (in_part() && open_.size() == 4 && among(of_part, key_)) {
      if (open_[3] == "forward") parts()->back().forward[key_] = value;
      if (open_[3] == "backward") parts()->back().backward[key_] = value;
    } else if ((open_.size() == 1 || (open_.size() == 2 && open_[1] == "machine")) && among(of_step, key_)) {
      found.numbers[key_] = value;
    }
    return true;
  }
  bool other(const char*) override { return true; }
  void error(std::size_t byte) override { bad_byte = byte; }

 private:
  // The list of the open parts; null outside of both.
  std::vector<ProfiledPart>* parts() {
    if (open_.size() < 2) return nullptr;
    return open_[1] == "ops" ? &found.ops : open_[1] == "layers" ? &found.layers : nullptr;
  }
  bool in_part() { return open_.size() >= 3 && parts() && !parts()->empty(); }

  std::string key_;
  std::vector<std::string> open_;  // the keys of the open objects and lists; that of an element is empty
};

std::string numbers_json(const std::map<std::string, double>& numbers) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : numbers) texts.push_back(fmt::format("\"{}\":{}", name, files::json_number(value)));
  return fmt::format("{{{}}}", fmt::join(texts, ","));
}

std::string parts_json(const std::vector<ProfiledPart>& parts) {
  std::vector<std::string> texts;
  for (const ProfiledPart& part : parts) {
    texts.push_back(json_object({{"name", files::json_string(part.name)},
                                 {"forward", numbers_json(part.forward)},
                                 {"backward", numbers_json(part.backward)}}));
  }
  return json_list(texts);
}

}  // namespace

RunProfile read_profile(const std::string& text, const std::string& name) {
  Reader reader;
  if (!files::read_json(text, reader)) {
    throw Error(fmt::format("{}, byte {}: not JSON; remove the file, or write it again with gradus profile --run", name,
                            reader.bad_byte));
  }
  if (!reader.found.numbers.contains("step_ms")) {
    throw Error(fmt::format("{} has no step_ms, so it is no profile; write it again with gradus profile --run", name));
  }
  return std::move(reader.found);
}

std::string profile_json(const RunProfile& profile) {
  return json_object({{"numbers", numbers_json(profile.numbers)},
                      {"ops", parts_json(profile.ops)},
                      {"layers", parts_json(profile.layers)}});
}

}  // namespace gradus::report
