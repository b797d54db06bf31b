#include <gradus/train/ensemble.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/files/internal/utf8.h>
#include <gradus/models/ensemble.h>
#include <gradus/train/dataset.h>
#include <gradus/train/settings.h>

namespace gradus::train {
namespace {

struct Named {
  std::string path;
  Run run;
};

[[noreturn]] void refuse(const std::string& difference) {
  throw Error(fmt::format("{}; the runs of an ensemble have equal vocabularies and tokens", difference));
}

void check_vocabularies(const char* side, data::Vocabulary Run::*member, const Named& a, const Named& b) {
  const data::Vocabulary &first = a.run.*member, &second = b.run.*member;
  for (Index id = 0; id < std::min(first.size(), second.size()); ++id) {
    if (first.token(id) == second.token(id)) continue;
    refuse(fmt::format("the {0} vocabularies differ: token {1} is {2} in {3} and {4} in {5}", side, id,
                       files::shown(first.token(id)), a.path, files::shown(second.token(id)), b.path));
  }
  if (first.size() != second.size()) {
    refuse(fmt::format("the {} vocabularies differ: {} has {} tokens and {} has {}", side, a.path, first.size(), b.path,
                       second.size()));
  }
  const data::SubWords *one = first.sub_words(), *other = second.sub_words();
  if ((one == nullptr) != (other == nullptr) || (one != nullptr && one->bytes() != other->bytes()))
    refuse(fmt::format("{} and {} have different models of {} sub-words", a.path, b.path, side));
}

void check_equal(const Named& a, const Named& b) {
  for (const char* key : {"data.source_tokens", "data.target_tokens", "data.unicode", "data.lowercase"}) {
    const Value first = setting_named(key).get(a.run.config), second = setting_named(key).get(b.run.config);
    if (first != second)
      refuse(fmt::format("{} is {} in {} and {} in {}", key, to_toml(first), a.path, to_toml(second), b.path));
  }
  const auto check_only_one = [&](const char* what, bool first, bool second) {
    if (first != second)
      refuse(fmt::format("{} {}, and {} does not", (first ? a : b).path, what, (first ? b : a).path));
  };
  const auto is_dictionary = [](const Named& n) { return n.run.config.data.format == DataFormat::dictionary; };
  check_only_one("reads a dictionary, in lower case (data.format)", is_dictionary(a), is_dictionary(b));
  check_only_one("has features (data.columns)", has_features(a.run.config), has_features(b.run.config));
  check_vocabularies("source", &Run::source, a, b);
  check_vocabularies("target", &Run::target, a, b);
}

}  // namespace

Run load_runs(const std::vector<std::string>& paths, Which which) {
  if (paths.empty()) throw Error("load_runs: there is no path of a run; expected at least 1");
  if (paths.size() == 1) return load_run(RunDirectory::open(paths.front()), which);
  std::vector<std::shared_ptr<const Named>> runs;
  std::vector<std::shared_ptr<const models::Seq2Seq>> models;
  for (const std::string& path : paths) {
    const auto named = std::make_shared<const Named>(Named{path, load_run(RunDirectory::open(path), which)});
    if (!runs.empty()) check_equal(*runs.front(), *named);
    runs.push_back(named);
    models.emplace_back(named, named->run.model.get());
  }
  const Run& first = runs.front()->run;
  Run together{first.config, first.source, first.target, nullptr, std::make_unique<models::Ensemble>(models)};
  const Index own = token_limit(first.config).most;
  for (const auto& named : runs) {
    const Index most = token_limit(named->run.config).most;
    if (most < own) together.config.data.max_tokens = std::min(token_limit(together.config).most, most);
  }
  return together;
}

}  // namespace gradus::train
