#pragma once

#include <cstdint>

#include <gradus/nn/parameters.h>
#include <gradus/optim/average.h>
#include <gradus/optim/optimizer.h>
#include <gradus/optim/schedule.h>
#include <gradus/train/safetensors.h>

namespace gradus::train {

/// Where training stands: all that its further course depends on beside parameters, optimiser and configuration. Random
/// numbers are functions of seed and step and have no state.
struct Position {
  Index step = 0;       // steps done
  Index epoch = 0;      // epochs done
  Index batch = 0;      // batches done of the epoch after them
  double best = 0;      // value of the best validation so far; lower is better
  Index best_step = 0;  // steps done when it was measured; 0: there was none yet
  Index stale = 0;      // validations since then
  Index validated = 0;  // steps done at the last validation; 0: there was none yet

  Index metrics_bytes = 0;  // of metrics.jsonl that belong to the steps done
  double loss_sum = 0;      // of the steps since its last line of losses
  Index loss_steps = 0;     // their number

  std::uint64_t data = 0;          // fingerprint of the pairs
  std::uint64_t vocabularies = 0;  // fingerprint of both; 0 in the first formats, which do not know it

  bool operator==(const Position&) const = default;
};

/// Those beside the parameters that training changes, each with a state of its own; null: the run has none.
struct StateOwners {
  optim::Optimizer* optimizer = nullptr;
  optim::Plateau* plateau = nullptr;
  optim::Average* average = nullptr;
};

/// A checkpoint's contents: each parameter under its path (shared ones once); with an optimiser its state under
/// "optimizer.", with a plateau its state under "schedule.", with averages theirs under "average."; the position in the
/// metadata. Nothing in it depends on the time, the machine or the number of threads.
Safetensors pack(const nn::ParameterStore& store, const Position& position, const StateOwners& owners = {});

/// The position alone; `name` is the file's, for messages. Throws Error unless training can go on from the checkpoint.
Position position_of(const Safetensors& checkpoint, const std::string& name);

/// Copies the parameters into the store and, where asked, the states back; `name` is the file's, for messages. Throws
/// Error, with nothing changed, when a parameter is missing, unknown or of another shape or dtype, or the file is not a
/// checkpoint of this format. With an optimiser, to train on, the file may hold no state that is not asked for. Without
/// one, to use the model, parameters are the averages where the file has any, and the first formats will do too, whose
/// positions know less.
Position unpack(const Safetensors& checkpoint, const std::string& name, nn::ParameterStore& store,
                const StateOwners& owners = {});

}  // namespace gradus::train
