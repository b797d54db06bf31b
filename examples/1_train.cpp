// Trains a model of the library on a toy task, and counts its correct outputs.
// Build: cmake --preset release && cmake --build --preset release --target example_1_train
// Run:   build/release/examples/1_train
#include <cstdio>

#include <gradus/train/trainer.h>

using namespace gradus;

int main() {
  const train::Dataset data = train::load_dataset(train::resolve(
      {.preset = "tiny",
       .assignments = {{"model.name", "rnn-attention"}, {"data.task", "reverse"}, {"train.steps", "120"}}}));
  train::Run run = train::make_run(data.config, data.source, data.target);
  train::Progress progress = train::Progress::on_stderr();
  train::Trainer(run, data).run(progress);
  const auto found = train::evaluate(*run.model, run.source, run.target, data.references, {.max_length = 20});
  std::printf("exact: %d of %d\n", static_cast<int>(found.score.exact), static_cast<int>(found.score.pairs));
}
