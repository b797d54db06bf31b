#include <gradus/train/internal/target_of_source.h>

#include <algorithm>

#include <gradus/train/setting.h>

namespace gradus::train {

std::vector<Index> target_of_source(const data::Vocabulary& source, const data::Vocabulary& target) {
  std::vector<Index> targets(static_cast<std::size_t>(source.size()), -1);
  targets[data::eos_id] = data::eos_id;
  for (Index id = data::unk_id + 1; id < source.size(); ++id) {
    const data::Id same = target.id(source.token(id));
    if (same != data::unk_id) targets[static_cast<std::size_t>(id)] = same;
  }
  if (count_copyable(targets) > 0) return targets;
  throw ConfigError(
      "model.copy = true, but no source token is a target token too, so that nothing can be copied: split both sides "
      "alike (such as --target-tokens characters), or leave model.copy false");
}

Index count_copyable(const std::vector<Index>& targets) {
  return std::count_if(targets.begin() + data::unk_id, targets.end(), [](Index id) { return id >= 0; });
}

}  // namespace gradus::train
