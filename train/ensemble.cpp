#include <gradus/train/ensemble.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/files/internal/utf8.h>
#include <gradus/models/ensemble.h>
#include <gradus/train/dataset.h>
#include <gradus/train/internal/renumbered.h>
#include <gradus/train/settings.h>

namespace gradus::train {
namespace {

struct Named {
  std::string path;
  Run run;
};

[[noreturn]] void refuse(const std::string& difference) {
  throw Error(fmt::format(
      "{}; the runs of an ensemble must have the same tokens, and make them from text in the same way", difference));
}

// The id in b of each token of a. Throws unless both have the same tokens.
std::vector<Index> ids_in(const char* side, data::Vocabulary Run::*member, const Named& a, const Named& b) {
  const data::Vocabulary &first = a.run.*member, &second = b.run.*member;
  if (first.size() != second.size()) {
    refuse(fmt::format("the {} vocabularies differ: {} has {} tokens and {} has {}", side, a.path, first.size(), b.path,
                       second.size()));
  }
  const data::SubWords *one = first.sub_words(), *other = second.sub_words();
  if ((one == nullptr) != (other == nullptr) || (one != nullptr && one->bytes() != other->bytes()))
    refuse(fmt::format("{} and {} have different models of {} sub-words", a.path, b.path, side));
  std::vector<Index> ids;
  for (Index id = 0; id < first.size(); ++id) {
    const std::string& token = first.token(id);
    ids.push_back(id <= data::unk_id ? id : second.id(token));
    if (id > data::unk_id && ids.back() == data::unk_id) {
      refuse(fmt::format("the {} vocabularies differ: {} is a token of {} and not of {}", side, files::shown(token),
                         a.path, b.path));
    }
  }
  return ids;
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
}

// The model of b, for the ids of a.
std::shared_ptr<const models::Seq2Seq> with_ids_of(const Named& a, const std::shared_ptr<const Named>& b) {
  const std::shared_ptr<const models::Seq2Seq> model(b, b->run.model.get());
  const std::vector<Index> source = ids_in("source", &Run::source, a, *b),
                           target = ids_in("target", &Run::target, a, *b);
  if (std::ranges::is_sorted(source) && std::ranges::is_sorted(target)) return model;
  return std::make_shared<const Renumbered>(model, source, target);
}

}  // namespace

Run load_runs(const std::vector<std::string>& paths, Which which) {
  if (paths.empty()) throw Error("load_runs: there is no path of a run; expected at least 1");
  if (paths.size() == 1) return load_run(RunDirectory::open(paths.front()), which);
  std::vector<std::shared_ptr<const Named>> runs;
  std::vector<std::shared_ptr<const models::Seq2Seq>> models;
  for (const std::string& path : paths) {
    const auto named = std::make_shared<const Named>(Named{path, load_run(RunDirectory::open(path), which)});
    runs.push_back(named);
    check_equal(*runs.front(), *named);
    models.push_back(with_ids_of(*runs.front(), named));
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
