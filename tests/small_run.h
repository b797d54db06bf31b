#pragma once

#include <gradus/train/trainer.h>

#include "catch.h"
#include "data_scratch.h"

// A run of a second or less, from its start to its end.
namespace gradus::train {

inline RunConfig small(Assignments more = {}) {
  Assignments a = {{"model.name", "rnn-attention"}, {"data.task", "reverse"},  {"data.pairs", "120"},
                   {"data.valid_pairs", "10"},      {"data.max_length", "4"},  {"model.dim", "8"},
                   {"model.hidden", "8"},           {"model.ffn", "8"},        {"model.max_length", "12"},
                   {"model.dropout", "0.3"},        {"train.batch", "9"},      {"train.epochs", "3"},
                   {"train.min_steps", "0"},        {"train.save_every", "4"}, {"train.evaluate_every", "9"},
                   {"train.log_every", "3"}};
  a.insert(a.end(), more.begin(), more.end());
  return resolve({.preset = "tiny", .file = {}, .assignments = a});
}

struct Trained {
  Dataset dataset;
  RunConfig config;
  Run run;
  Trainer trainer;

  explicit Trained(const RunConfig& wanted)
      : dataset(load_dataset(wanted)),
        config(dataset.config),
        run(make_run(config, dataset.source, dataset.target)),
        trainer(run, dataset) {}

  RunDirectory make(const std::filesystem::path& path) const {
    return RunDirectory::create(path, config, dataset.source, dataset.target);
  }
};

inline Outcome undisturbed(const RunConfig& config, const std::filesystem::path& path) {
  Trained t(config);
  Progress progress = Progress::silent();
  const RunDirectory directory = t.make(path);
  return t.trainer.run(progress, &directory);
}

// A new trainer, like a new process, continues the run for at most `steps` steps.
inline Outcome go_on(const std::filesystem::path& path, Index steps = 1 << 20) {
  const RunDirectory directory = RunDirectory::reopen(path);
  Trained t(read_config(directory.config()));
  t.trainer.resume(directory);
  Progress progress = Progress::silent();
  const Index last = t.trainer.position().step + steps;
  return t.trainer.run(progress, &directory, [&] { return t.trainer.position().step >= last; });
}

// Times differ.
inline void check_same_files(const std::filesystem::path& a, const std::filesystem::path& b) {
  for (const auto& file : std::filesystem::directory_iterator(a)) {
    const auto name = file.path().filename();
    CAPTURE(name);
    if (name != "times.jsonl") CHECK(data::contents(a / name) == data::contents(b / name));
  }
  CHECK(std::distance(std::filesystem::directory_iterator(a), {}) ==
        std::distance(std::filesystem::directory_iterator(b), {}));
}

}  // namespace gradus::train
