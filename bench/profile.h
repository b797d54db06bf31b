#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gradus/bench/profiler.h>
#include <gradus/train/run.h>
#include <gradus/train/step.h>

namespace gradus::bench {

/// Calls, and sums over one training step. Times of shards that run at once are divided by their number, so they add up
/// to wall time.
struct Tally {
  double calls = 0;    // of ops forward, of rules and of the ops in them backward
  double seconds = 0;  // without ops and rules inside
  Work work;
  double least_seconds = 0;        // of the work, at the measured speed of the machine
  double allocated = 0, kept = 0;  // bytes; kept: allocated and not released meanwhile
  Tally& operator+=(const Tally& other);
};

/// An op or a layer.
struct ProfileRow {
  std::string name;
  Tally forward, backward;
  Tally both() const;
};

/// The speed of the machine: a large product, and a loop that reads two arrays and writes a third.
struct MachineSpeed {
  double flops = 0, bytes = 0;  // per second
};
/// Measures it, in about a second.
MachineSpeed measure_machine();

/// What one thread did in a step.
struct ThreadSpans {
  std::string name;
  std::vector<Span> spans;
};

/// A training step, observed: of all that were, the one with the median time.
struct Profile {
  std::string model;
  Index parameters = 0, examples = 0, target_tokens = 0;  // of the model and the batch; images have no tokens
  MachineSpeed machine;
  Index steps = 0, shards = 1, at_once = 1;                // shards that run at the same time
  double step_seconds = 0;                                 // its wall time
  double unobserved_seconds = 0;                           // the median of steps without observers
  double forward = 0, backward = 0, clip = 0, update = 0;  // parts of step_seconds
  std::vector<ProfileRow> ops, layers;                     // by time; a layer is a path, "" outside of all layers
  double outside = 0;                                      // step_seconds without ops, clip and update
  double peak_bytes = 0;                                   // in use by all threads, in all observed steps
  std::string peak_op, peak_layer;  // after which op of the step most was in use, of its ops' ends
  bool peak_backward = false;
  std::vector<ThreadSpans> threads;  // the thread that starts the shards, then the shards
};

/// Runs `steps` training steps on a batch with observers, and as many without in turn, after a few to warm up. The
/// parameters stay: the learning rate is 0. `progress` gets the number of finished steps of 2 `steps`.
Profile profile(const train::Run& run, const train::StepBatch& batch, Index steps, const MachineSpeed& machine,
                const std::function<void(Index)>& progress = {});

/// The first `depth` parts of a path, as in "encoder.layers" for 2; all of them for 0.
std::string shortened(const std::string& path, Index depth);
/// Rows with the shortened names, added up, by time.
std::vector<ProfileRow> shortened(const std::vector<ProfileRow>& rows, Index depth);

}  // namespace gradus::bench
