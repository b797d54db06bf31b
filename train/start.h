#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <gradus/nn/parameters.h>
#include <gradus/train/dataset.h>
#include <gradus/train/run.h>

namespace gradus::train {

/// What a new run takes from a trained one, or from a safetensors file of another program.
struct Start {
  std::string name;                      // of the run or the file, in messages
  std::map<std::string, Tensor> values;  // by the names in the file
};

/// The best parameters of a run.
Start start_of(const Run& run, const std::string& name);

/// The tensors of a file. Throws Error when it cannot be read, and for a checkpoint of a run: its vocabularies are in
/// the run's folder.
Start start_of(const std::filesystem::path& file);

/// Copies the parameters that fit by path, shape and dtype into the store. `rename` has a name, or the part of names
/// before a dot, and its replacement. Returns a message with the counts of parameters taken and left, and the names of
/// those left. Throws Error, with nothing changed, when none fits and when the file lacks a name of `rename`.
std::string take_parameters(const Start& start, nn::ParameterStore& store,
                            const std::map<std::string, std::string>& rename = {});

/// The vocabularies of a run; those of a model of images are empty.
Vocabularies load_vocabularies(const RunDirectory& directory, const RunConfig& config);

}  // namespace gradus::train
