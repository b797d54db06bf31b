#pragma once

#include <functional>
#include <string>
#include <vector>

namespace gradus::bench {

/// ops (those of the peer's benchmark), adam, matmul, dispatch, and every (all ops of autograd/ops.h).
std::vector<std::string> op_parts();

struct OpsOptions {
  std::vector<std::string> parts = {"ops", "adam", "matmul", "dispatch"};
  std::string filter;     // measures only names that contain this
  double seconds = 0.25;  // per measurement
};

/// The names of all measurements: ops, "adam_step", "clip_scale", "clip_adam", "dispatch_chain1000", ..., and products
/// as "matmul BATCH M K N" (batch 0: two matrices).
std::vector<std::string> op_names();

/// Measures the machine, then every op of `parts` whose name contains `filter`. Passes each result to `line`; lines
/// that begin with '#' explain the columns. Times are medians.
void measure_ops(const OpsOptions& options, const std::function<void(const std::string&)>& line);

}  // namespace gradus::bench
