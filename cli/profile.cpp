#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/bench/profile.h>
#include <gradus/bench/profile_json.h>
#include <gradus/bench/trace.h>
#include <gradus/cli/internal/chosen_model.h>
#include <gradus/files/internal/file_replacement.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/internal/task.h>
#include <gradus/train/progress.h>
#include <gradus/train/run_directory.h>

namespace gradus::cli {
namespace {

using bench::Profile;
using bench::ProfileRow;
using bench::Tally;

struct ProfileFlags : ChosenModel {
  std::string lengths, trace;
  bool json = false;
  double peak = 0, bandwidth = 0;  // GFLOP/s and GB/s; 0: measured
  Index repeat = 10, rows = 20, depth = 0;
};

// Lengths of generated sources and targets.
struct Lengths {
  Index source = 0, target = 0;
};

std::optional<Lengths> read_lengths(const std::string& text) {
  const auto read = [](std::string_view part, Index& n) {
    const auto [end, problem] = std::from_chars(part.data(), part.data() + part.size(), n);
    return problem == std::errc() && end == part.data() + part.size() && n >= 1 && n <= 100000;
  };
  const std::size_t comma = text.find(',');
  Lengths lengths;
  const std::string_view all = text;
  if (!read(all.substr(0, comma), lengths.source)) return {};
  lengths.target = lengths.source;
  if (comma != std::string::npos && !read(all.substr(comma + 1), lengths.target)) return {};
  return lengths;
}

// The first batch of training, or one of random tokens.
std::unique_ptr<const train::StepBatch> make_batch(const train::Run& run, const train::Dataset& dataset,
                                                   const Lengths& lengths) {
  if (lengths.source == 0) {
    const auto task = train::make_task(run, dataset);
    return task->batch(task->plan(0).front(), 0);
  }
  return std::make_unique<train::PairBatch>(*run.model, run.config.train,
                                            random_batch(run, lengths.source, lengths.target));
}

// The tables of a profile, with one width of names.
class Tables {
 public:
  Tables(const Profile& profile, Index most) : p_(profile), most_(static_cast<std::size_t>(most)) {}

  void add(const char* what, const std::vector<ProfileRow>& rows) {
    text_ += '\n';
    line(what, {"calls", "fwd ms", "bwd ms", "%", "GFLOP", "GFLOP/s", "GB/s", "roof %", "MB alloc", "MB kept"});
    const std::size_t shown = std::min(rows.size(), most_);
    for (std::size_t i = 0; i < shown; ++i) row(rows[i].name.empty() ? "(no layer)" : rows[i].name, rows[i]);
    if (shown == rows.size()) return;
    ProfileRow others;
    for (std::size_t i = shown; i < rows.size(); ++i) {
      others.forward += rows[i].forward;
      others.backward += rows[i].backward;
    }
    row(fmt::format("({} others)", rows.size() - shown), others);
  }

  // Time outside of the ops.
  void rest(const char* name, double seconds) {
    line(name, {"", "", fixed(3, 1e3 * seconds), fixed(1, 100 * seconds / p_.step_seconds)});
  }

  void print() const { write_result(text_); }

 private:
  static constexpr int widths[] = {6, 8, 8, 6, 8, 8, 7, 6, 9, 8};

  // Without the sign of a number that is 0 in these digits.
  static std::string fixed(int digits, double value) {
    const std::string text = fmt::format("{:.{}f}", value, digits);
    return text.find_first_of("123456789") == std::string::npos && text.front() == '-' ? text.substr(1) : text;
  }

  void row(const std::string& name, const ProfileRow& row) {
    const Tally t = row.both();
    const auto per_second = [&](double amount) {
      return amount > 0 && t.seconds > 0 ? fixed(1, 1e-9 * amount / t.seconds) : "-";
    };
    line(name, {fmt::format("{}", t.calls), fixed(3, 1e3 * row.forward.seconds), fixed(3, 1e3 * row.backward.seconds),
                fixed(1, 100 * t.seconds / p_.step_seconds), t.work.flops > 0 ? fixed(4, 1e-9 * t.work.flops) : "-",
                per_second(t.work.flops), per_second(t.work.bytes),
                t.least_seconds > 0 && t.seconds > 0 ? fixed(0, 100 * t.least_seconds / t.seconds) : "-",
                fixed(2, 1e-6 * t.allocated), fixed(2, 1e-6 * row.forward.kept)});
  }

  void line(const std::string& name, const std::vector<std::string>& cells) {
    text_ += fmt::format("{:<{}}", name, width());
    for (std::size_t i = 0; i < cells.size(); ++i) text_ += fmt::format(" {:>{}}", cells[i], widths[i]);
    text_ += '\n';
  }

  std::size_t width() const {
    std::size_t longest = 13;  // "(outside ops)"
    for (const ProfileRow& row : p_.layers) longest = std::max(longest, row.name.size());
    return longest;
  }

  const Profile& p_;
  std::size_t most_;
  std::string text_;
};

void print_tables(const Profile& p, const ProfileFlags& f) {
  const auto share = [&](double seconds) { return 100 * seconds / p.step_seconds; };
  print_result("{}: {} parameters, {} examples{}, {} {}, {} at once\n", p.model, p.parameters, p.examples,
               p.target_tokens > 0 ? fmt::format(" with {} target tokens", p.target_tokens) : "", p.shards,
               p.shards == 1 ? "shard" : "shards", p.at_once);
  print_result("machine: {:.1f} GFLOP/s (a large product), {:.1f} GB/s (the sum of two large arrays)\n",
               1e-9 * p.machine.flops, 1e-9 * p.machine.bytes);
  print_result(
      "step: {:.3f} ms observed, {:.3f} ms unobserved (medians of {}); forward {:.1f} %, backward {:.1f} %, clip "
      "{:.1f} "
      "%, update {:.1f} %\n",
      1e3 * p.step_seconds, 1e3 * p.unobserved_seconds, p.steps, share(p.forward), share(p.backward), share(p.clip),
      share(p.update));
  print_result("memory: at most {:.1f} MB in use; most after {} ({}) of {}\n", 1e-6 * p.peak_bytes, p.peak_op,
               p.peak_backward ? "backward" : "forward", p.peak_layer.empty() ? "no layer" : p.peak_layer);
  Tables tables(p, f.rows);
  tables.add("layer", bench::shortened(p.layers, f.depth));
  tables.add("op", p.ops);
  tables.rest("(outside ops)", p.outside);
  tables.rest("(clip)", p.clip);
  tables.rest("(update)", p.update);
  tables.rest("(step)", p.step_seconds);
  tables.print();
}

int run_profile(const ProfileFlags& f) {
  const Lengths lengths = f.lengths.empty() ? Lengths() : *read_lengths(f.lengths);
  train::Progress progress = train::Progress::on_stderr();
  const LoadedModel loaded = load_model(f, progress, lengths.source, lengths.target);
  const train::Run& run = loaded.run;
  if (lengths.source > 0 && !run.model) throw UsageError("--lengths: a model of images has no lengths");
  const auto batch = make_batch(run, loaded.dataset, lengths);
  bench::MachineSpeed machine{1e9 * f.peak, 1e9 * f.bandwidth};
  if (f.peak == 0 || f.bandwidth == 0) {
    progress.line("measuring the machine");
    const bench::MachineSpeed measured = bench::measure_machine();
    if (f.peak == 0) machine.flops = measured.flops;
    if (f.bandwidth == 0) machine.bytes = measured.bytes;
  }
  progress.start("steps", 2 * f.repeat);
  const Profile p = bench::profile(run, *batch, f.repeat, machine, [&](Index done) { progress.update(done); });
  progress.finish();
  if (!f.trace.empty()) {
    files::replace_file(f.trace, bench::trace_json(p, fmt::format("{} {}", program_name(), p.model)));
    progress.line(fmt::format("wrote {}, which https://ui.perfetto.dev opens", files::shown(f.trace)));
  }
  const std::string json = bench::profile_json(p);
  if (!f.run.empty()) files::replace_file(train::RunDirectory::open(f.run).profile(), json);
  if (f.json)
    write_result(json);
  else
    print_tables(p, f);
  return success;
}

}  // namespace

void add_profile(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand(
      "profile", "Measure a training step per op and per layer: time, work, memory, and the machine's limit");
  auto f = std::make_shared<ProfileFlags>();
  command
      .add_option("--lengths", f->lengths,
                  "Random tokens in place of the first batch: lengths of sources and targets, as in 20,30 or 20")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return read_lengths(text) ? std::string()
                                      : text + " is not SOURCE or SOURCE,TARGET, of whole numbers from 1 to 100000";
          },
          ""))
      ->type_name("S,T");
  command.add_option("--repeat", f->repeat, "Steps with observers, and as many without (default: 10)")
      ->transform(whole_from(1, 10000))
      ->type_name("N");
  command.add_option("--rows", f->rows, "Most rows of a table; the others are added up (default: 20)")
      ->transform(whole_from(1, 100000))
      ->type_name("N");
  command.add_option("--depth", f->depth, "Parts of a layer's path, as in encoder.layers for 2 (default: 0, all)")
      ->transform(whole_from(0, 100))
      ->type_name("N");
  command.add_option("--trace", f->trace, "Write the step for https://ui.perfetto.dev or chrome://tracing")
      ->check(not_empty())
      ->type_name("FILE");
  command.add_flag("--json", f->json, "Print JSON");
  command.add_option("--peak", f->peak, "GFLOP/s of the machine, for roof % (default: those of a large product)")
      ->check(number_from(0.001, 1e9))
      ->type_name("X");
  command
      .add_option("--bandwidth", f->bandwidth,
                  "GB/s of the machine, for roof % (default: those of the sum of two large arrays)")
      ->check(number_from(0.001, 1e9))
      ->type_name("X");
  add_threads(command);
  add_model_flags(command, *f);
  command.footer(
      "Runs training steps on the first batch, with and without observers in turn. Prints the step with the median\n"
      "time: of each layer and op the calls, the time forward and backward, its share of the step, the work counted\n"
      "from shapes, its speed, and the share of the time that this machine needs at least for the work (roof %).\n"
      "MB kept stays in use after forward. docs/profile.md explains what is counted. With --run the profile is also\n"
      "written to profile.json of the run, which gradus report shows.\n\n"
      "Examples:\n"
      "  gradus profile --model transformer --preset small\n"
      "  gradus profile --model rnn-attention --train train.tsv --trace step.json --depth 1\n"
      "  gradus profile --model rnn --lengths 50 --set model.cell=lstm --json\n"
      "  gradus profile --run runs/words");
  command.callback([f, &action] { action = [f] { return run_profile(*f); }; });
}

}  // namespace gradus::cli
