#include <gradus/data/internal/json_rows.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::data {
namespace {

struct Wanted {
  const std::string& key;
  std::string& value;
  bool found = false;
};

/// Takes the wanted strings from a text that is an object.
class ObjectHandler : public files::JsonHandler {
 public:
  explicit ObjectHandler(std::vector<Wanted> wanted) : wanted_(std::move(wanted)) {}

  bool start_object() override {
    const bool good = depth_ == 0 || other("an object");
    ++depth_;
    return good;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_list() override {
    const bool good = other("a list");
    ++depth_;
    return good;
  }
  bool end_list() override { return end_object(); }
  bool key(const std::string& name) override {
    if (depth_ != 1) return true;
    key_ = name;
    const bool twice =
        std::any_of(wanted_.begin(), wanted_.end(), [&](const Wanted& w) { return w.found && w.key == name; });
    if (!twice) return true;
    return refuse(fmt::format("the key {} occurs twice", files::shown(name)));
  }
  bool string(const std::string& value) override {
    if (depth_ == 0) return other("a string");
    for (Wanted& w : wanted_) {
      if (depth_ != 1 || w.key != key_) continue;
      w.value = value;
      w.found = true;
    }
    return true;
  }
  bool whole(std::uint64_t) override { return other("a number"); }
  bool other(const char* what) override {
    if (depth_ == 0) return refuse(fmt::format("{}; expected a JSON object", what));
    const bool wanted =
        depth_ == 1 && std::any_of(wanted_.begin(), wanted_.end(), [this](const Wanted& w) { return w.key == key_; });
    if (!wanted) return true;
    return refuse(fmt::format("{} is {}; expected a string", files::shown(key_), what));
  }
  void error(std::size_t byte) override { flaw_ = Flaw{std::max<std::size_t>(byte, 1) - 1, "not JSON"}; }

  /// The flaw of the text that was read, if it has one.
  std::optional<Flaw> finish() {
    for (const Wanted& w : wanted_)
      if (!flaw_ && !w.found) refuse(fmt::format("there is no key {}", files::shown(w.key)));
    return std::move(flaw_);
  }

 private:
  bool refuse(std::string reason) {
    flaw_ = Flaw{0, std::move(reason)};
    return false;
  }

  std::vector<Wanted> wanted_;
  std::string key_;  // of the value at depth 1
  std::size_t depth_ = 0;
  std::optional<Flaw> flaw_;
};

}  // namespace

JsonRows::JsonRows(const std::filesystem::path& path, const Columns& columns) : lines_(path), keys_(columns) {
  if (keys_.source.empty()) keys_.source = "source";
  if (keys_.target.empty()) keys_.target = "target";
}

bool JsonRows::next(Row& row) {
  row = Row();
  if (!lines_.next(row.line)) return false;
  row.flaw = flaw_of(row.line);
  if (!row.flaw) row.flaw = read(row.line.text);
  row.source.text = source_;
  row.target.text = target_;
  row.features.text = features_;
  return true;
}

/// Reads the fields from the text of a line.
std::optional<Flaw> JsonRows::read(std::string_view text) {
  if (text.empty()) return Flaw{0, "an empty line"};
  std::vector<Wanted> wanted = {{keys_.source, source_}, {keys_.target, target_}};
  if (!keys_.features.empty()) wanted.push_back({keys_.features, features_});
  ObjectHandler handler(std::move(wanted));
  files::read_json(std::string(text), handler);
  return handler.finish();
}

}  // namespace gradus::data
