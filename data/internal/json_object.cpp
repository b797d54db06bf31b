#include <gradus/data/internal/json_object.h>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::data {
namespace {

class ObjectHandler : public files::JsonHandler {
 public:
  explicit ObjectHandler(const std::vector<WantedKey>& wanted) : wanted_(wanted) {}

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
    const bool good = (depth_ == 1 && is_wanted(true)) || other("a list");
    ++depth_;
    return good;
  }
  bool end_list() override { return end_object(); }
  bool key(const std::string& name) override {
    if (depth_ != 1) return true;
    key_ = name;
    if (!is_wanted() || found_.insert(name).second) return true;
    return refuse(fmt::format("the key {} occurs twice", files::shown(name)));
  }
  bool string(const std::string& value) override {
    if (depth_ == 0 || (depth_ == 1 && is_wanted(true))) return other("a string");
    for (const WantedKey& w : wanted_) {
      if (w.key != key_) continue;
      if (depth_ == 1) *w.text = value;
      if (depth_ == 2) w.list->push_back(value);  // a list where a string is wanted was refused
    }
    return true;
  }
  bool whole(std::uint64_t) override { return other("a number"); }
  bool other(const char* what) override {
    if (depth_ == 0) return refuse(fmt::format("{}; expected a JSON object", what));
    if (!is_wanted()) return true;
    return refuse(fmt::format("{} {} {}; expected a {}", files::shown(key_), depth_ == 1 ? "is" : "has", what,
                              depth_ == 1 && is_wanted(true) ? "list of strings" : "string"));
  }
  void error(std::size_t byte) override { flaw_ = Flaw{std::max<std::size_t>(byte, 1) - 1, "not JSON"}; }

  std::optional<Flaw> finish() {
    for (const WantedKey& w : wanted_)
      if (!flaw_ && !found_.contains(w.key)) refuse(fmt::format("there is no key {}", files::shown(w.key)));
    return std::move(flaw_);
  }

 private:
  // Whether the value at depth 1 is wanted, or wanted as a list.
  bool is_wanted(bool as_list = false) const {
    return std::any_of(wanted_.begin(), wanted_.end(),
                       [&](const WantedKey& w) { return w.key == key_ && (!as_list || w.list != nullptr); });
  }

  bool refuse(std::string reason) {
    flaw_ = Flaw{0, std::move(reason)};
    return false;
  }

  const std::vector<WantedKey>& wanted_;
  std::string key_;  // of the value at depth 1
  std::size_t depth_ = 0;
  std::set<std::string, std::less<>> found_;
  std::optional<Flaw> flaw_;
};

}  // namespace

std::optional<Flaw> read_object(std::string_view text, const std::vector<WantedKey>& wanted) {
  ObjectHandler handler(wanted);
  files::read_json(std::string(text), handler);
  return handler.finish();
}

}  // namespace gradus::data
