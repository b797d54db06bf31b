#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <gradus/files/safetensors.h>
#include <gradus/nn/parameters.h>
#include <gradus/optim/average.h>
#include <gradus/optim/optimizer.h>
#include <gradus/optim/schedule.h>

namespace gradus::train {

/// A validation among the train.keep_best best ones: the value of train.best_by, and the measures that choose between
/// equal values.
struct BestValidation {
  Index step = 0;            // steps done
  double value = 0,          ///< of train.best_by
      token_error_rate = 0,  ///< decides between equal values
      loss = 0;              ///< then decides, in nats per target token

  bool operator==(const BestValidation&) const = default;  // the same step and measures
};

/// The position of training: everything that the next steps need besides parameters, states and configuration. Random
/// numbers are functions of seed and step, so they have no state.
struct Position {
  Index step = 0;   // steps done
  Index epoch = 0;  // epochs done
  Index batch = 0;  // batches done in the current epoch

  Index order_step = 0,  ///< steps done when seed or size of the batches last changed; 0: they are those of the start
      order_epoch = 0;   ///< epochs done at that time

  double best = 0;                   // value of train.best_by at the best validation
  double best_token_error_rate = 0;  // and its other measures, which choose between equal values
  double best_loss = 0;              // in nats
  Index best_step = 0;               // steps done at the best validation; 0: none yet
  Index stale = 0;                   // validations since the best one
  Index validated = 0;               // steps done at the last validation; 0: none yet

  std::vector<BestValidation> best_validations = {};  // the best first

  Index metrics_bytes = 0;  // length of metrics.jsonl after these steps
  double loss_sum = 0;      // of the steps since the last line of losses
  Index loss_steps = 0;     // their number

  std::uint64_t training_pairs = 0,  ///< training_fingerprint
      validation_pairs = 0;          ///< validation_fingerprint
  std::uint64_t vocabularies = 0;    // fingerprint; 0 in older formats

  bool operator==(const Position&) const = default;  // the same in all fields
};

/// The objects that training changes besides the parameters. Null: the run has none.
struct StateOwners {
  optim::Optimizer* optimizer = nullptr;  // of the parameters
  optim::Plateau* plateau = nullptr;      // the state of the schedule "plateau"
  optim::Average* average = nullptr;      // the moving averages of train.average
  /// For pack: the state of all parameters, when the optimiser has that of some. Null: the optimiser's own.
  const optim::State* state = nullptr;
};

/// Reads a checkpoint of a run. Throws Error as files::read_safetensors does, and when the file is a link or has
/// another name.
files::Safetensors read_checkpoint(const std::filesystem::path& path);

/// Whether a file is a checkpoint of a run, of any version of this program.
bool is_checkpoint(const files::Safetensors& file);

/// The contents of a checkpoint:
///
/// - each parameter and buffer by its path, a shared one once;
/// - the states of optimiser, plateau and average by names that begin with "optimizer.", "schedule." and "average.";
/// - the position, in the metadata;
/// - checksums of all values.
///
/// They do not depend on the time, the machine or the number of threads.
files::Safetensors pack(const nn::ParameterStore& store, const Position& position, const StateOwners& owners = {});

/// The checkpoint without the optimiser's states of these parameters.
files::Safetensors without_states(files::Safetensors checkpoint, const std::vector<Tensor>& parameters);

/// The name of the first parameter or state with a NaN or an infinity, or "". A buffer may have infinities, and so may
/// the state of a plateau, whose best value is infinite at first.
std::string first_not_finite(const files::Safetensors& checkpoint, const nn::ParameterStore& store);

/// Only the position. `name` is the file's name in messages. Throws Error when training cannot continue from it, and
/// when its numbers contradict each other.
Position position_of(const files::Safetensors& checkpoint, const std::string& name);

/// Copies the parameters into the store, and the states into their owners. `name` is the file's name in messages.
///
/// - With an optimiser, to train on: the file holds exactly the states of the owners.
/// - Without one, to use the model: parameters are the averages where the file has them. Older formats are read too.
/// - Throws Error, with nothing changed, when a parameter is missing, unknown or of another shape or dtype, when a
///   parameter or state is not finite, or when the file is not a checkpoint.
Position unpack(const files::Safetensors& checkpoint, const std::string& name, nn::ParameterStore& store,
                const StateOwners& owners = {});

}  // namespace gradus::train
