#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gradus/autograd/foundation/internal/stopwatch.h>
#include <gradus/cli/internal/launch.h>
#include <gradus/cli/internal/train_run.h>
#include <gradus/train/internal/bytes.h>
#include <gradus/train/internal/task.h>
#include <gradus/train/report.h>
#include <gradus/train/start.h>
#include <gradus/train/sweep.h>
#include <gradus/train/sweep_table.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;
namespace fs = std::filesystem;

struct SweepFlags {
  std::string out;
  ConfigFlags config;
  Index random = 0, random_seed = 1;
  double minutes = 0;
  bool table = false;
};

// Prints the table of the runs in the folder and writes its files.
void report_runs(const std::string& folder) {
  const std::vector<SweptRun> runs = read_swept_runs(folder);
  if (runs.empty()) throw Error(fmt::format("{}: it has no run of a sweep", folder));
  write_sweep_files(folder, runs);
  print_result("{}", table(sweep_rows(runs)));
}

// The steps that take the minutes on this machine, from the time of some steps on batches of the first epoch.
Index steps_in(double minutes, const ConfigFlags& flags) {
  constexpr double share = 0.02, longest = 10;  // of the minutes, and in seconds
  std::optional<Run> from;
  if (starts_from_run(flags)) from = load_run(RunDirectory::open(flags.from), Which::best, Reads::both);
  const Vocabularies kept = from ? Vocabularies{from->source, from->target} : Vocabularies{};
  const Dataset dataset = load_dataset(resolve(sources_of(flags)), {}, from ? &kept : nullptr);
  const Run run = make_run(dataset.config, dataset.source, dataset.target);
  const TrainConfig& config = run.config.train;
  const std::unique_ptr<const Task> task = make_task(run, dataset);
  TrainingStep step(*run.store, config);
  const auto batches = task->plan(0);
  const Index last = total_steps(config, *task);  // its batch has all of the scheduled sampling
  const auto train_on = [&](Index i) {
    const auto& rows = batches[static_cast<std::size_t>(i % std::ssize(batches))];
    step.run(*task->batch(rows, last), i, 0);
  };
  train_on(0);  // to warm up
  const Stopwatch time;
  Index steps = 0;
  do train_on(++steps);
  while (time.seconds() < std::min(share * 60 * minutes, longest));
  return std::max<Index>(1, static_cast<Index>(60 * minutes * static_cast<double>(steps) / time.seconds()));
}

// One run of a sweep.
class SweepRun {
 public:
  SweepRun(const SweepFlags& f, const Assignments& combination, const std::string& name)
      : minutes_(f.minutes), flags_{.out = (fs::path(f.out) / name).string(), .config = f.config, .resume = true} {
    flags_.config.sets.clear();
    for (const auto& [key, value] : combination) flags_.config.sets.push_back(fmt::format("{}={}", key, value));
  }

  // Throws when the run in its folder has other settings.
  bool is_complete() {
    if (!RunDirectory::exists(flags_.out)) return false;
    const RunDirectory directory = RunDirectory::open(flags_.out);
    const RunConfig own = read_config(directory.config());
    if (minutes_ > 0) set_steps(own.train.steps);
    ConfigFlags asked = flags_.config;
    asked.from.clear();
    ConfigSources sources = sources_of(asked);
    if (own.data.keep_vocabularies) sources.run = directory.config();
    check_repeats(overlay(own, sources), own, false, directory);
    if (!fs::exists(directory.last())) return false;
    return train::is_complete(own.train, position_of(read_checkpoint(directory.last()), directory.last().string()));
  }

  // After is_complete was false.
  Ending train() {
    if (minutes_ > 0 && !RunDirectory::exists(flags_.out)) {
      set_steps(steps_in(minutes_, flags_.config));
      say_line(fmt::format("{:g} minutes are {} steps", minutes_, flags_.config.settings.back().second));
    }
    return run_training(flags_, nullptr).outcome.ending;
  }

 private:
  void set_steps(Index steps) {
    for (const char* length : {"train.epochs", "train.min_steps"}) flags_.config.settings.emplace_back(length, "0");
    flags_.config.settings.emplace_back("train.steps", fmt::format("{}", steps));
  }

  double minutes_;
  TrainFlags flags_;
};

std::vector<SweptSetting> swept_settings(const SweepFlags& f) {
  const std::vector<SweptSetting> swept = read_sweep(f.config.sets);
  for (const SweptSetting& s : swept) {
    const auto& set = f.config.settings;
    if (std::any_of(set.begin(), set.end(), [&](const auto& assignment) { return assignment.first == s.key; }))
      throw UsageError(fmt::format("{0} has a flag of its own and --set {0}: remove one of them", s.key));
    if (f.minutes > 0 && (s.key == "train.steps" || s.key == "train.epochs" || s.key == "train.min_steps"))
      throw UsageError(fmt::format("--minutes sets the length of training: remove --set {}", s.key));
  }
  return swept;
}

// The number of runs that failed on all ranks. Prints the failures of the other ranks, which are silent.
Index failures_of_all(const std::vector<std::string>& own) {
  if (ranks() == nullptr) return std::ssize(own);
  ByteWriter mine;
  for (const std::string& failure : own) mine.text(failure);
  const std::vector<std::string> of_ranks = ranks()->gather(mine.bytes);
  Index failed = 0;
  for (std::size_t r = 0; r < of_ranks.size(); ++r) {
    for (ByteReader from(of_ranks[r]); !from.ended(); ++failed) {
      const std::string failure = from.text();
      if (r > 0) say_line(failure);
    }
  }
  return failed;
}

int sweep(const SweepFlags& f) {
  if (RunDirectory::exists(f.out))
    throw UsageError(fmt::format("--out {}: it is a run; give a folder for runs", f.out));
  if (f.table) {
    if (writes()) report_runs(f.out);
    return success;
  }
  const std::vector<SweptSetting> swept = swept_settings(f);
  const std::vector<Assignments> all =
      f.random > 0 ? draws(swept, f.random, static_cast<std::uint64_t>(f.random_seed)) : grid(swept);
  catch_interrupts();
  const Index rank = ranks() == nullptr ? 0 : ranks()->rank(), size = ranks() == nullptr ? 1 : ranks()->size();
  note_crowded();
  std::vector<std::string> failures;
  for (Index i = rank; i < std::ssize(all); i += size) {
    const Assignments& combination = all[static_cast<std::size_t>(i)];
    const std::string name = name_of(combination, swept);
    const std::string title = fmt::format("run {} of {}: {}", i + 1, all.size(), name);
    try {
      SweepRun run(f, combination, name);
      if (run.is_complete()) {
        say_line(title + ": complete");
        continue;
      }
      if (interrupt_requested()) break;
      say_line(title);
      if (run.train() == Ending::interrupted) break;
    } catch (const Error& e) {
      failures.push_back(fmt::format("{}: {}: {}", program_name(), name, e.what()));
      say_line(failures.back());
    }
  }
  const Index failed = failures_of_all(failures);
  const bool interrupted = ranks() == nullptr ? interrupt_requested() : ranks()->any(interrupt_requested());
  if (writes() && fs::exists(f.out)) report_runs(f.out);
  if (interrupted) {
    say_line("interrupted; the same command continues the sweep");
    return interrupt_code();
  }
  if (failed > 0) say_line(fmt::format("{}: {} of {} runs failed", program_name(), failed, all.size()));
  return failed > 0 ? failure : success;
}

}  // namespace

void add_sweep(CLI::App& program, Action& action) {
  CLI::App& command =
      *program.add_subcommand("sweep", "Train a run for each combination of settings, and compare them");
  auto f = std::make_shared<SweepFlags>();
  command.add_option("--out", f->out, "Folder of the runs; each is named by its settings")
      ->required()
      ->type_name("DIR");
  add_config_flags(command, f->config);
  command.get_option("--set")->description(
      "A setting and its values: one, several with commas between them, or with --random a range LOW..HIGH or "
      "log:LOW..HIGH; may be repeated, also for a value with commas");
  CLI::Option* random = command.add_option("--random", f->random, "Train N drawn combinations (default: all of them)");
  random->transform(whole_from(1, 1'000'000))->type_name("N");
  command.add_option("--random-seed", f->random_seed, "Seed of the draws (default: 1)")
      ->transform(whole_from(0, 4'294'967'295))
      ->type_name("N")
      ->needs(random);
  command
      .add_option(
          "--minutes", f->minutes,
          "Length of each training without its validations: steps are timed for some seconds, and train.steps is "
          "set")
      ->check(number_from(0.001, 1e6))
      ->type_name("M")
      ->excludes(command.get_option("--steps"))
      ->excludes(command.get_option("--epochs"));
  command.add_flag("--table", f->table, "Only print the table of the runs in --out, and write its files");
  add_threads(command);
  command.footer(
      "Runs are trained one after another; under mpirun each rank trains its share of them. Each is a normal run "
      "directory. After an interrupt, a crash or kill -9 the "
      "same command goes on: complete runs stay, the others are resumed. A run that fails is reported, and the next "
      "one "
      "begins.\n\n"
      "The table has the settings that differ, the best value of train.best_by, steps and parameters. It is "
      "printed at the end, and written as sweep.tsv and sweep.jsonl.\n\n"
      "Examples:\n"
      "  gradus sweep --model rnn-attention --task reverse --steps 300 --set train.lr=0.001,0.002,0.004 --set "
      "model.dropout=0.1,0.3 --out runs/grid\n"
      "  gradus sweep --train train.tsv --valid dev.tsv --preset small --minutes 5 --random 20 --set "
      "train.lr=log:1e-4..1e-2 --set model.dim=64..256 --out runs/drawn\n"
      "  gradus sweep --task dates --steps 300 --set model.name=rnn,transformer --set train.seed=1,2,3 --out "
      "runs/seeds\n"
      "  gradus sweep --out runs/grid --table");
  command.callback([f, &action] {
    action = [f] {
      try {
        return sweep(*f);
      } catch (const ConfigError& e) {
        throw UsageError(e.what());
      }
    };
  });
}

}  // namespace gradus::cli
