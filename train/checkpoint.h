#pragma once

#include <cstdint>

#include <gradus/files/safetensors.h>
#include <gradus/nn/parameters.h>
#include <gradus/optim/average.h>
#include <gradus/optim/optimizer.h>
#include <gradus/optim/schedule.h>

namespace gradus::train {

/// The position of training: everything that the next steps need besides parameters, states and configuration. Random
/// numbers are functions of seed and step, so they have no state.
struct Position {
  Index step = 0;       // steps done
  Index epoch = 0;      // epochs done
  Index batch = 0;      // batches done in the current epoch
  double best = 0;      // best value of a validation; lower is better
  Index best_step = 0;  // steps done at the best validation; 0: none yet
  Index stale = 0;      // validations since the best one
  Index validated = 0;  // steps done at the last validation; 0: none yet

  Index metrics_bytes = 0;  // length of metrics.jsonl after these steps
  double loss_sum = 0;      // of the steps since the last line of losses
  Index loss_steps = 0;     // their number

  std::uint64_t data = 0;          // fingerprint of the pairs
  std::uint64_t vocabularies = 0;  // fingerprint of both; 0 in older formats

  bool operator==(const Position&) const = default;
};

/// The objects that training changes besides the parameters. Null: the run has none.
struct StateOwners {
  optim::Optimizer* optimizer = nullptr;
  optim::Plateau* plateau = nullptr;
  optim::Average* average = nullptr;
};

/// The contents of a checkpoint:
///
/// - each parameter and buffer by its path, a shared one once;
/// - the states of optimiser, plateau and average by names that begin with "optimizer.", "schedule." and "average.";
/// - the position, in the metadata.
///
/// They do not depend on the time, the machine or the number of threads.
files::Safetensors pack(const nn::ParameterStore& store, const Position& position, const StateOwners& owners = {});

/// Only the position. `name` is the file's name in messages. Throws Error when training cannot continue from it.
Position position_of(const files::Safetensors& checkpoint, const std::string& name);

/// Copies the parameters into the store, and the states into their owners. `name` is the file's name in messages.
///
/// - With an optimiser, to train on: the file holds exactly the states of the owners.
/// - Without one, to use the model: parameters are the averages where the file has them. Older formats are read too.
/// - Throws Error, with nothing changed, when a parameter is missing, unknown or of another shape or dtype, or when the
///   file is not a checkpoint.
Position unpack(const files::Safetensors& checkpoint, const std::string& name, nn::ParameterStore& store,
                const StateOwners& owners = {});

}  // namespace gradus::train
