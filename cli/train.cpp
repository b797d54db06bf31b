#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include <gradus/autograd/foundation/internal/available_memory.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/cli/internal/command_line.h>
#include <gradus/cli/internal/launch.h>
#include <gradus/cli/internal/train_run.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/report/live_page.h>
#include <gradus/report/tensorboard.h>
#include <gradus/train/internal/suggest.h>
#include <gradus/train/internal/together.h>
#include <gradus/train/memory_estimate.h>
#include <gradus/train/provenance.h>
#include <gradus/train/start.h>
#include <gradus/train/trainer.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;

std::string result_line(const std::string& out, const Run& run, const Outcome& outcome) {
  const Value by = setting_named("train.best_by").get(run.config);
  const std::string best = "best_valid_" + std::get<std::string>(by);
  return files::json_line({{"run", out},
                           {"model", run.config.model.model},
                           {"parameters", run.store->count()},
                           {"steps", outcome.position.step},
                           {"epochs", outcome.position.epoch},
                           {"best_step", outcome.position.best_step},
                           {best, outcome.position.best}}) +
         '\n';
}

int print_outcome(const TrainResult& result, const std::string& out) {
  if (result.outcome.ending != Ending::interrupted) {
    print_result("{}", result.line);
    return success;
  }
  say(stdout, result.line);
  say_line(fmt::format("interrupted after step {}; to continue: {} train --resume --out {}",
                       result.outcome.position.step, shell_word(program_name()), shell_word(out)));
  return interrupt_code();
}

// Prints the estimated memory of the run. Throws Error when it cannot fit.
void note_memory(const Run& run, const Dataset& dataset, Progress& progress) {
  const Index parameters = run.store->count();
  const auto estimate = run.classifier
                            ? estimate_image_memory(run.config, parameters, dataset.train_images.images, threads())
                            : estimate_memory(run.config, parameters, dataset.train, threads());
  if (!estimate) return;
  const AvailableMemory available = available_memory();
  progress.line(check_memory(*estimate, static_cast<double>(available.bytes), available.limit));
}

// `directory` is null for a rank that writes nothing.
TrainResult train_in(const RunDirectory* directory, const TrainFlags& f, const Dataset& dataset, Run& run,
                     Trainer& trainer, Progress& progress) {
  if (directory != nullptr && !directory->locked()) {
    progress.line(fmt::format("note: the file system of {} has no locks: make sure that no other trainer uses it",
                              directory->path().string()));
  }
  std::optional<report::LivePage> page;
  std::optional<report::TensorBoard> events;
  if (directory != nullptr && f.report)
    trainer.observe(page.emplace(*directory, dataset, trainer, program_and_version(), progress));
  if (directory != nullptr && !f.tensorboard.empty())
    trainer.observe(events.emplace(f.tensorboard, run, dataset, trainer.position().step, progress));
  // The page of a training that failed must not say that it goes on.
  const auto finish_page = [&] {
    if (page && page->finish()) progress.line(fmt::format("the page of the run: {}", directory->report().string()));
  };
  try {
    const Outcome outcome = trainer.run(progress, directory, interrupt_requested);
    finish_page();
    return {outcome, result_line(f.out, run, outcome)};
  } catch (...) {
    finish_page();
    throw;
  }
}

// "threads: 2", or with ranks "ranks: 4 of 2 threads".
std::string processes(const Ranks* ranks) {
  if (ranks == nullptr) return fmt::format("threads: {}", threads());
  return fmt::format("ranks: {} of {}", ranks->size(),
                     threads() == 1 ? "1 thread" : fmt::format("{} threads", threads()));
}

std::map<std::string, std::string> renames_of(const TrainFlags& f) {
  std::map<std::string, std::string> renames;
  for (const std::string& text : f.renames) {
    const std::size_t at = text.find('=');
    if (at == std::string::npos || at == 0)
      throw UsageError(fmt::format("--rename: {} is not OLD=NEW, as in lstm=encoder.network", files::shown(text)));
    renames[text.substr(0, at)] = text.substr(at + 1);
  }
  return renames;
}

TrainResult train_new(const TrainFlags& f, Ranks* ranks) {
  const std::map<std::string, std::string> renames = renames_of(f);
  const std::string& start = f.config.from;
  std::optional<Run> from;
  if (starts_from_run(f.config)) from = load_run(RunDirectory::open(start), Which::best, Reads::both);
  Origins origins;
  const RunConfig asked = resolve(sources_of(f.config), &origins);
  if (from && !asked.data.keep_vocabularies)
    throw UsageError("data.keep_vocabularies = false: the parameters of a run belong to its vocabularies");
  const Replace replace = f.overwrite ? Replace::run : f.resume ? Replace::unmade : Replace::nothing;
  together_on_first(ranks, [&] {
    RunDirectory::check(f.out, replace);
    if (!f.tensorboard.empty()) report::check_event_folder(f.tensorboard);
  });
  Progress progress = Progress::on_stderr();
  const Vocabularies kept = from ? Vocabularies{from->source, from->target} : Vocabularies{};
  const Dataset dataset = load_dataset(
      asked, [&](const std::string& note) { progress.line(note); }, from ? &kept : nullptr);

  Run run = make_run(dataset.config, dataset.source, dataset.target);
  if (!start.empty())
    progress.line(take_parameters(from ? start_of(*from, start) : start_of(start), *run.store, renames));
  note_memory(run, dataset, progress);
  Trainer trainer(run, dataset, ranks);
  catch_interrupts();
  std::optional<RunDirectory> directory;
  together_on_first(ranks, [&] {
    directory = RunDirectory::create(f.out, dataset.config, dataset.source, dataset.target, replace);
    Provenance provenance = provenance_of_program();
    provenance.origins = std::move(origins);
    write_provenance(*directory, provenance);
  });
  progress.line(fmt::format("{}: {} parameters, {} steps, {}; run directory {}", dataset.config.model.model,
                            run.store->count(), trainer.total_steps(), processes(ranks), f.out));
  return train_in(directory ? &*directory : nullptr, f, dataset, run, trainer, progress);
}

TrainResult train_on(const TrainFlags& f, Ranks* ranks) {
  std::optional<RunDirectory> reopened;
  together_on_first(ranks, [&] {
    reopened = RunDirectory::reopen(f.out);
    if (!f.tensorboard.empty()) report::check_event_folder(f.tensorboard);
  });
  const RunDirectory directory = reopened ? *reopened : RunDirectory::open(f.out);
  const RunConfig own = read_config(directory.config());
  ConfigFlags flags = f.config;
  flags.from.clear();
  ConfigSources sources = sources_of(flags);
  if (own.data.keep_vocabularies) sources.run = directory.config();  // its model stays, whatever the preset
  const RunConfig asked = overlay(own, sources);
  check_repeats(asked, own, false, directory);
  Progress progress = Progress::on_stderr();
  const Vocabularies kept = own.data.keep_vocabularies ? load_vocabularies(directory, own) : Vocabularies{};
  const Dataset dataset = load_dataset(
      asked, [&](const std::string& note) { progress.line(note); }, &kept);
  check_repeats(dataset.config, own, true, directory);

  Run run = make_run(dataset.config, dataset.source, dataset.target);
  note_memory(run, dataset, progress);
  Trainer trainer(run, dataset, ranks);
  trainer.resume(directory);
  catch_interrupts();
  progress.line(fmt::format("{}: continuing after step {} of {}, {}; run directory {}", dataset.config.model.model,
                            trainer.position().step, trainer.total_steps(), processes(ranks), f.out));
  return train_in(is_first(ranks) ? &directory : nullptr, f, dataset, run, trainer, progress);
}

// Whether --resume starts a new run: there is none yet, and the flags define one.
bool begins(const TrainFlags& f) {
  if (RunDirectory::exists(f.out)) return false;
  const DataConfig asked = overlay({}, sources_of(f.config)).data;
  return !asked.task.empty() || !asked.train.empty();
}

}  // namespace

void check_repeats(const RunConfig& asked, const RunConfig& config, bool settled, const RunDirectory& directory) {
  for (const Setting& s : settings()) {
    if (s.get(asked) == s.get(config) || s.key == "train.detect_nan" || (!settled && is_left_to_data(s.key))) continue;
    throw UsageError(fmt::format(
        "{} = {} contradicts the run in {}, which has {}: a resumed run keeps its settings; omit this one, or "
        "train a new run in another folder",
        s.key, train::to_toml(s.get(asked)), directory.path().string(), train::to_toml(s.get(config))));
  }
}

TrainResult run_training(const TrainFlags& flags, Ranks* ranks) {
  bool goes_on = flags.resume && !begins(flags);
  if (ranks != nullptr) goes_on = ranks->any(goes_on && is_first(ranks));  // before a rank creates the folder
  return goes_on ? train_on(flags, ranks) : train_new(flags, ranks);
}

void add_train(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("train", "Train a model and save it in a run directory");
  auto f = std::make_shared<TrainFlags>();
  command.add_option("--out", f->out, "Run directory to create, or with --resume to continue")
      ->required()
      ->type_name("DIR");
  add_config_flags(command, f->config);
  command
      .add_option("--rename", f->renames,
                  "Names of --from as parameters of the model: OLD and all below it become NEW; may be repeated")
      ->type_name("OLD=NEW")
      ->allow_extra_args(false)
      ->needs(command.get_option("--from"));
  add_threads(command);
  CLI::Option* overwrite = command.add_flag("--overwrite", f->overwrite, "Replace the run in --out");
  command
      .add_flag(
          "--resume", f->resume,
          "Continue the run in --out with its own settings, as if it had never stopped; start it if there is none")
      ->excludes(overwrite);
  command.add_flag("--report", f->report,
                   "Write the page report.html in --out after each validation, as the command report does");
  command
      .add_option("--tensorboard", f->tensorboard,
                  "Folder for an event file of TensorBoard: scalars, histograms of parameters, attention")
      ->check(not_empty())
      ->type_name("DIR");
  command
      .add_option("--rank-timeout", f->rank_timeout,
                  "Seconds until a rank that does not answer ends the run (mpirun; default: 600)")
      ->check(number_from(0.001, 1e9))
      ->type_name("SECONDS");
  command.add_flag("--fast-reduce", f->fast_reduce,
                   "Let MPI choose the order in which the gradients of ranks are added: results then depend on the "
                   "number of ranks (mpirun)");
  command.add_flag("--shard-optimizer", f->shard_optimizer,
                   "Each rank keeps the optimiser's state of its share of the parameters only, for less memory; does "
                   "not change results (mpirun)");
  command.footer(
      "Examples:\n"
      "  gradus train --model transformer --task reverse --out runs/reverse\n"
      "  gradus train --model rnn-attention --train train.tsv --valid dev.tsv --preset small --out runs/words\n"
      "  gradus train --model rnn --train cmudict.dict --set data.format=dictionary --set model.cell=lstm --out "
      "runs/rnn\n"
      "  gradus train --model transformer --train train.de --train-target train.en --set data.source_tokens=whitespace "
      "--out runs/de-en\n"
      "  gradus train --model transformer --train inflection.tsv --set data.columns=features=3 --set "
      "data.target_tokens=characters --out runs/inflection\n"
      "  gradus train --from runs/words --train names.tsv --lr 0.0005 --freeze encoder --out runs/names\n"
      "  gradus train --model vit --task fashion-mnist --out runs/fashion\n"
      "  gradus train --resume --out runs/rnn\n"
      "  gradus train --model transformer --task dates --out runs/dates --report --tensorboard runs/dates/events\n"
      "  mpirun -n 4 gradus train --model transformer --task dates --set train.shards=4 --out runs/ranks\n"
      "Files are TSV, or CSV and JSON Lines by their endings (data.format); data.columns chooses columns. A source is "
      "split into characters, a target into words "
      "(data.source_tokens, data.target_tokens).");
  command.callback([f, &action] {
    action = [f] {
      try {
        if (Ranks* all = ranks()) {
          all->timeout = f->rank_timeout;
          all->fast_reduce = f->fast_reduce;
          all->shard_optimizer = f->shard_optimizer;
          note_crowded();
        }
        return print_outcome(run_training(*f, ranks()), f->out);
      } catch (const ConfigError& e) {
        throw UsageError(e.what());
      }
    };
  });
}

}  // namespace gradus::cli
