#pragma once

#include <string>
#include <vector>

#include <gradus/bench/step.h>

namespace gradus::bench {

enum class Lengths { equal, mixed };

/// The memory of training steps whose batches have one length, or each another length from 1 to that.
struct MemoryPoint {
  double in_use = 0;    // largest number of bytes in use
  double resident = 0;  // largest growth of the process's resident memory, in bytes, without `program`
  double program = 0;  // the growth before, by the first step of the smallest such model: code and buffers of libraries
  double seconds = 0;  // the median of a step
};

/// Trains `steps` steps. The figures hold for a process that has trained nothing before. Throws Error when the system
/// does not give the resident memory of the process (Linux does).
MemoryPoint measure_memory(const StepSetup& setup, Lengths lengths, Index steps);

}  // namespace gradus::bench
