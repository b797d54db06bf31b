#include <gradus/train/internal/frozen.h>

#include <fmt/format.h>

#include <fnmatch.h>
#include <sstream>

namespace gradus::train {
namespace {

void freeze_matching(nn::ParameterStore& store, const std::string& pattern) {
  bool any = false;
  const std::vector<nn::Parameter> all = store.all();
  for (const nn::Parameter& p : all) {
    if (p.buffer || ::fnmatch(pattern.c_str(), p.path.c_str(), 0) != 0) continue;
    store.freeze(p.path);
    any = true;
  }
  if (!any) throw Error(fmt::format("no parameter matches '{}'", pattern));
}

}  // namespace

void freeze(nn::ParameterStore& store, const std::string& patterns) {
  std::istringstream parts(patterns);
  try {
    for (std::string part; std::getline(parts, part, ',');) {
      if (part.find_first_of("*?[") == std::string::npos)
        store.freeze(part);
      else
        freeze_matching(store, part);
    }
  } catch (const Error& e) {
    throw Error(fmt::format("train.freeze: {}", e.what()));
  }
  if (store.trainable().empty()) throw Error(fmt::format("train.freeze = {} leaves no parameter to train", patterns));
}

}  // namespace gradus::train
