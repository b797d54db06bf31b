#pragma once

#include <functional>

#include <gradus/train/ranks.h>

namespace gradus::train {

/// Runs the work of this rank; null: this process alone. When the work of a rank throws, all ranks throw: that rank its
/// own exception, the others one of the same kind (models::Stopped, models::NanScores, else Error) that names the first
/// such rank.
void together(Ranks* ranks, const std::function<void()>& work);

/// Whether this process is rank 0, or alone.
bool is_first(const Ranks* ranks);
/// together, with work for rank 0, or for this process alone.
void together_on_first(Ranks* ranks, const std::function<void()>& work);

}  // namespace gradus::train
