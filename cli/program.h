#pragma once

#include <gradus/cli/command.h>

namespace gradus::cli {

/// The action that the arguments choose; for --help and --version, it prints them. Sets --threads and does nothing
/// else. Throws UsageError, with a suggestion, when the arguments are wrong.
Action parse(int argc, const char* const* argv);

}  // namespace gradus::cli
