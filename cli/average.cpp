#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include <gradus/cli/internal/command.h>
#include <gradus/files/internal/json.h>
#include <gradus/train/average.h>
#include <gradus/train/progress.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;

struct AverageFlags {
  std::vector<std::string> runs;
  std::string out;
  Index last = 0, best = 0;
};

int average_runs(const AverageFlags& f) {
  if (f.runs.size() == 1 && f.last == 0 && f.best == 0) {
    throw UsageError(
        "one run has one best checkpoint: give --last N or --best N, or several runs, whose best are averaged");
  }
  RunDirectory::check(f.out, Replace::nothing);
  std::vector<RunCheckpoint> checkpoints;
  for (const std::string& path : f.runs) {
    const RunDirectory run = RunDirectory::open(path);
    const std::vector<RunCheckpoint> own = f.last > 0   ? last_kept(run, f.last)
                                           : f.best > 0 ? best_kept(run, f.best)
                                                        : std::vector<RunCheckpoint>{{run, run.best()}};
    checkpoints.insert(checkpoints.end(), own.begin(), own.end());
  }
  for (const RunCheckpoint& c : checkpoints) say_line(fmt::format("averaging {}", c.file.string()));
  const Run mean = average(checkpoints);
  save_average(mean, checkpoints, f.out);
  print_result("{}\n", files::json_line({{"run", f.out},
                                         {"model", mean.config.model.model},
                                         {"parameters", mean.store->count()},
                                         {"averaged", std::ssize(checkpoints)}}));
  return success;
}

}  // namespace

void add_average(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("average", "Average the parameters of checkpoints into a new run");
  auto f = std::make_shared<AverageFlags>();
  command
      .add_option("DIR", f->runs,
                  "Run directories of one model and vocabulary; of several runs without --last and --best, the best "
                  "checkpoint of each is averaged")
      ->required()
      ->type_name("DIR");
  command.add_option("--out", f->out, "Run directory to create")->required()->type_name("DIR");
  CLI::Option* last = command.add_option("--last", f->last, "The last N states that each run has kept (train.keep)");
  last->transform(whole_from(1, 1'000'000))->type_name("N");
  command.add_option("--best", f->best, "The best N models that each run has kept (train.keep_best)")
      ->transform(whole_from(1, 1'000'000))
      ->type_name("N")
      ->excludes(last);
  command.footer(
      "Each parameter of the new run is the mean of those of the checkpoints. Measure the new run with eval: it has no "
      "validation of its own.\n\n"
      "Examples:\n"
      "  gradus train --train words.tsv --set train.keep_best=5 --out runs/words\n"
      "  gradus average runs/words --best 5 --out runs/mean\n"
      "  gradus eval --run runs/mean --test test.tsv\n"
      "  gradus average runs/words runs/on1 runs/on2 --out runs/of-three");
  command.callback([f, &action] { action = [f] { return average_runs(*f); }; });
}

}  // namespace gradus::cli
