#pragma once

#include <string>

#include <gradus/nn/parameters.h>

namespace gradus::train {

/// Freezes the parameters that train.freeze names: paths with all below them, or patterns of the shell, separated by
/// commas. Throws Error when one names no parameter, and when none is left to train.
void freeze(nn::ParameterStore& store, const std::string& patterns);

}  // namespace gradus::train
