#include <algorithm>
#include <cstdio>
#include <memory>

#include <gradus/cli/internal/command.h>
#include <gradus/data/toy_tasks.h>
#include <gradus/train/demo.h>

namespace gradus::cli {

void add_demo(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("demo", "Train the four models on one toy task and compare them");
  auto options = std::make_shared<train::DemoOptions>();
  auto out = std::make_shared<std::string>();
  command.add_option("--out", *out, "Folder for the four run directories (default: they are not kept)")
      ->type_name("DIR");
  command.add_option("--task", options->task, "Toy task (default: reverse)")
      ->check(CLI::IsMember(data::task_names()))
      ->type_name("NAME");
  command.add_option("--steps", options->steps, "Training steps per model (default: enough for the comparison)")
      ->transform(whole_from(1, 10000000))
      ->type_name("N");
  command.add_option("--seed", options->seed, "Seed of all random numbers (default: 1)")
      ->transform(whole_from(0, 2000000000))
      ->type_name("N");
  add_threads(command);
  command.add_flag("--overwrite", options->overwrite, "Replace runs in --out");
  command.footer(
      "The plain RNN must hold the whole source in its last state, and fails on long ones. Attention reads the source "
      "for every word.\n\n"
      "Examples:\n"
      "  gradus demo\n"
      "  gradus demo --task dates --out runs/demo");
  command.callback([options, out, &action] {
    action = [options, out] {
      options->out = *out;
      catch_interrupts();
      train::Progress progress = train::Progress::on_stderr();
      return train::run_demo(*options, write_result, progress, interrupt_requested) ? success : interrupt_code();
    };
  });
}

}  // namespace gradus::cli
