#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include <gradus/autograd/foundation/memory.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/bench/cnn.h>
#include <gradus/bench/decode.h>
#include <gradus/bench/epoch.h>
#include <gradus/bench/exchange.h>
#include <gradus/bench/machine.h>
#include <gradus/bench/memory.h>
#include <gradus/bench/ops.h>
#include <gradus/bench/scaling.h>
#include <gradus/bench/step.h>
#include <gradus/cli/internal/chosen_model.h>
#include <gradus/cli/internal/command.h>
#include <gradus/cli/internal/launch.h>
#include <gradus/files/internal/file_replacement.h>
#include <gradus/models/registry.h>
#include <gradus/train/progress.h>

namespace gradus::cli {
namespace {

template <class F>
auto of_sizes(F&& f) {
  try {
    return f();
  } catch (const train::ConfigError& error) {
    throw UsageError(error.what());
  }
}

void add_seconds(CLI::App& command, double& seconds, const char* help, std::pair<double, double> range) {
  command.add_option("--seconds", seconds, help)->check(number_from(range.first, range.second))->type_name("X");
}

// The training step to measure.
struct ChosenStep {
  std::string model, size;
  std::vector<std::string> sets;

  bench::StepSetup setup() const {
    return of_sizes([&] { return bench::step_setup(model, size, sets); });
  }
};

struct StepFlags : ChosenStep {
  double seconds = 3, peak = 0;
};

int bench_step(const StepFlags& flags) {
  const bench::StepSetup setup = flags.setup();
  const bench::StepTimes t = bench::time_steps(setup, flags.seconds, ranks());
  const double resident = bench::peak_resident_mb();  // before the peak is measured
  const double peak = flags.peak > 0 ? flags.peak : bench::product_peak();
  const auto ms = [](const bench::Samples& s, double q = 0.5) { return 1e3 * s.quantile(q); };
  const double of_ranks = ranks() == nullptr ? 1 : static_cast<double>(ranks()->size());
  const double gflop = 6e-9 * t.products, gflops = gflop / t.step.median();
  const auto tokens = static_cast<double>(setup.run.train.batch * setup.target);
  print_result("{} {} {} {:.3f} {:.0f} {:.0f}", setup.model, setup.size, threads(), ms(t.step),
               tokens / t.step.median(), resident);
  print_result(" min_ms={:.3f} p90_ms={:.3f} fwd_ms={:.3f} bwd_ms={:.3f} clip_ms={:.3f} optim_ms={:.3f}", ms(t.step, 0),
               ms(t.step, 0.9), ms(t.forward), ms(t.backward), ms(t.clip), ms(t.update));
  print_result(" gflop={:.3f} gflops={:.1f} mfu_pct={:.1f} peak_gflops={:.1f}", gflop, gflops,
               100 * gflops / (of_ranks * peak), peak);
  print_result(" pool_mb={:.0f} shards={} params={} steps={} loss={:.3f}->{:.3f}",
               static_cast<double>(memory::peak()) / (1 << 20), setup.run.train.shards, t.parameters, t.step.size(),
               t.first_loss, t.last_loss);
  if (ranks() != nullptr) print_result(" ranks={} hidden_pct={:.0f}", ranks()->size(), 100 * t.exchange.hidden);
  print_result("\n");
  return success;
}

void add_step_arguments(CLI::App& command, ChosenStep& flags) {
  command.add_option("MODEL", flags.model, "One of " + fmt::format("{}", fmt::join(models::model_names(), ", ")))
      ->required();
  command.add_option("SIZE", flags.size, "One of " + fmt::format("{}", fmt::join(bench::step_sizes(), ", ")))
      ->required();
  command
      .add_option("--set", flags.sets,
                  "Another value of dim, ffn, heads, layers, vocabulary, batch, source or target, or of a setting of "
                  "`gradus train`; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void add_step(CLI::App& bench, Action& action) {
  CLI::App& command = *bench.add_subcommand("step", "Time training steps: forward, backward, clip, update");
  auto flags = std::make_shared<StepFlags>();
  add_step_arguments(command, *flags);
  add_seconds(command, flags->seconds, "Seconds of training (default: 3)", {0.01, 3600});
  command
      .add_option("--peak", flags->peak, "GFLOP/s that count as 100 % in mfu_pct (default: those of a large product)")
      ->check(number_from(0.001, 1e9))
      ->type_name("X");
  add_threads(command);
  command.footer(
      "Prints one line: model, size, threads, median ms per step, target tokens/s, peak memory in MB, then\n"
      "key=value. gflop counts the matrix products: 3 x 2 x the multiply-adds of a forward pass. With mpirun, the\n"
      "times are those of rank 0, and hidden_pct is the share of the exchange of gradients behind forward and "
      "backward.\n\n"
      "Examples:\n"
      "  gradus bench step transformer small\n"
      "  gradus bench step rnn tiny --set batch=64 --set train.shards=4 --threads 1\n"
      "  mpirun -n 2 gradus bench step transformer small --threads 1");
  command.callback([flags, &action] { action = [flags] { return bench_step(*flags); }; });
}

struct EpochFlags : ChosenModel {
  std::string batches;
};

// A line of JSON per batch: the ids of each pair without padding, the target's without its start mark.
std::string batch_lines(const std::vector<data::Batch>& batches) {
  const auto rows = [](const std::vector<data::Id>& ids, Index length) {
    std::vector<std::string> texts;
    for (auto row = ids.begin(); row != ids.end(); row += length)
      texts.push_back(fmt::format("[{}]", fmt::join(row, std::find(row, row + length, data::pad_id), ",")));
    return fmt::format("[{}]", fmt::join(texts, ","));
  };
  std::string lines;
  for (const data::Batch& b : batches) {
    lines += fmt::format("{{\"source\":{},\"target\":{}}}\n", rows(b.source, b.source_length),
                         rows(b.target_out, b.target_length));
  }
  return lines;
}

int bench_epoch(const EpochFlags& flags) {
  train::Progress progress = train::Progress::on_stderr();
  const LoadedModel loaded = load_model(flags, progress);
  const std::vector<data::Batch> batches =
      bench::epoch_batches(loaded.run, loaded.dataset, loaded.run.config.train.steps);
  if (!flags.batches.empty()) files::replace_file(flags.batches, batch_lines(batches));
  progress.start("steps", std::ssize(batches));
  const bench::EpochTimes t = bench::time_epoch(
      loaded.run, batches, [&](Index done) { progress.update(done); }, ranks());
  progress.finish();
  Index pairs = 0;
  for (const data::Batch& batch : batches) pairs += batch.size;
  print_result("{} epoch {} {:.2f} {:.0f} {:.0f}", loaded.run.config.model.model, threads(), t.seconds,
               static_cast<double>(t.source_tokens + t.target_tokens) / t.seconds, bench::peak_resident_mb());
  print_result(" steps={} pairs={} source_tokens={} target_tokens={} padding_pct={:.1f} step_ms={:.3f}", batches.size(),
               pairs, t.source_tokens, t.target_tokens, 100 * t.padding, 1e3 * t.step.median());
  print_result(" pool_mb={:.0f} params={} loss={:.4f}->{:.4f}\n", static_cast<double>(memory::peak()) / (1 << 20),
               loaded.run.store->count(), t.first_loss, t.mean_loss);
  return success;
}

void add_epoch(CLI::App& bench, Action& action) {
  CLI::App& command = *bench.add_subcommand("epoch", "Time one epoch of training on your own pairs");
  auto flags = std::make_shared<EpochFlags>();
  command
      .add_option("--batches", flags->batches,
                  "Write the ids of the batches, a line of JSON for each, for the same training by another program")
      ->check(not_empty())
      ->type_name("FILE");
  add_threads(command);
  add_model_flags(command, *flags);
  command.footer(
      "Trains on the batches of the first epoch, or on --steps of them: pairs of similar length together, as in\n"
      "`gradus train`, without validation. Prints one line: model, epoch, threads, seconds, tokens/s (of sources and\n"
      "targets, without padding), peak memory in MB, then key=value; loss is that of the first step, then the mean of\n"
      "all.\n"
      "tests/reference/epoch_speed.py trains the same model on the same batches with PyTorch.\n\n"
      "Example:\n"
      "  gradus bench epoch --train train.tsv --model rnn-attention --preset small");
  command.callback([flags, &action] { action = [flags] { return bench_epoch(*flags); }; });
}

int bench_ops(const bench::OpsOptions& options) {
  bench::measure_ops(options, [](const std::string& line) { print_result("{}\n", line); });
  return success;
}

void add_ops(CLI::App& bench, Action& action) {
  CLI::App& command = *bench.add_subcommand("ops", "Time ops, products, the optimiser and the recording of graphs");
  auto options = std::make_shared<bench::OpsOptions>();
  command.add_option("--part", options->parts, "Only this part; may be repeated (default: all but every)")
      ->check(CLI::IsMember(bench::op_parts()))
      ->type_name("NAME");
  command
      .add_option("--filter", options->filter,
                  "Only measurements whose name contains this: gelu, \"matmul 0 64\", clip")
      ->check(CLI::Validator(
          [](const std::string& part) {
            const std::vector<std::string> names = bench::op_names();
            const bool any = std::any_of(names.begin(), names.end(),
                                         [&](const std::string& name) { return name.find(part) != std::string::npos; });
            return any ? std::string() : fmt::format("no name contains {}: {}", part, fmt::join(names, ", "));
          },
          "TEXT"))
      ->type_name("NAME");
  add_seconds(command, options->seconds, "Seconds per measurement (default: 0.25)", {0.001, 60});
  add_threads(command);
  command.footer(
      "Measures the speed of the machine, then the ops at 1K, 64K and 4M elements, Adam with clipping on 10M "
      "parameters,\n"
      "products beside OpenBLAS's own, and the cost of recording a graph. The part `every` has all ops at 64K and 4M\n"
      "elements, beside the roofline of the machine. Lines that begin with # explain the columns.\n\n"
      "Examples:\n"
      "  gradus bench ops --filter tanh\n"
      "  gradus bench ops --part matmul --threads 1\n"
      "  gradus bench ops --part every --seconds 0.1");
  command.callback([options, &action] { action = [options] { return bench_ops(*options); }; });
}

struct ScalingFlags : ChosenStep {
  std::string over = "batch";
  double seconds = 1;
};

int bench_scaling(const ScalingFlags& flags) {
  const std::vector<std::string> names = bench::over_names();
  const auto over = static_cast<bench::Over>(std::find(names.begin(), names.end(), flags.over) - names.begin());
  const auto points =
      of_sizes([&] { return bench::measure_scaling(flags.model, flags.size, flags.sets, over, flags.seconds); });
  const auto tokens = [](const bench::ScalingPoint& p) {
    return static_cast<double>(p.setup.run.train.batch * p.setup.target);
  };
  print_result(
      "# to_linear, to_work: time per token, and per multiply-add, relative to the first line\n"
      "# peak_mb: peak of the bytes in use; weights_mb: the size of all attention weights, which are not kept\n"
      "# {:<11} {:<6} {:>5} {:>6} {:>6} {:>6} {:>6} {:>3} {:>10} {:>12} {:>9} {:>8} {:>9} {:>10}\n",
      "model", "size", "batch", "source", "target", "words", "layers", "thr", "ms", "us_per_token", "to_linear",
      "to_work", "peak_mb", "weights_mb");
  const bench::ScalingPoint& first = points.front();
  for (const bench::ScalingPoint& p : points) {
    const double longer = p.seconds / first.seconds;
    print_result(
        "{:<13} {:<6} {:>5} {:>6} {:>6} {:>6} {:>6} {:>3} {:>10.3f} {:>12.3f} {:>9.3f} {:>8.3f} {:>9.1f} "
        "{:>10.1f}\n",
        flags.model, flags.size, p.setup.run.train.batch, p.setup.source, p.setup.target, p.setup.vocabulary,
        p.setup.run.model.encoder_layers, threads(), 1e3 * p.seconds, 1e6 * p.seconds / tokens(p),
        longer * tokens(first) / tokens(p), longer * first.products / p.products, 1e-6 * p.peak, 1e-6 * p.weights);
  }
  return success;
}

void add_scaling(CLI::App& bench, Action& action) {
  CLI::App& command = *bench.add_subcommand("scaling", "Time training steps over batch, length, vocabulary or layers");
  auto flags = std::make_shared<ScalingFlags>();
  add_step_arguments(command, *flags);
  command
      .add_option(
          "--over", flags->over,
          "batch, or length (of source and target): four doublings of a quarter of SIZE's value; vocabulary: 64 to "
          "64000 words; layers: 1 to 16 (default: batch)")
      ->check(CLI::IsMember(bench::over_names()))
      ->type_name("NAME");
  add_seconds(command, flags->seconds, "Seconds per point (default: 1)", {0.001, 3600});
  add_threads(command);
  command.footer(
      "Examples:\n"
      "  gradus bench scaling rnn small --set model.cell=lstm\n"
      "  gradus bench scaling transformer small --over length --set batch=1 --set source=512 --set target=512\n"
      "  gradus bench scaling rnn-attention small --over vocabulary");
  command.callback([flags, &action] { action = [flags] { return bench_scaling(*flags); }; });
}

struct MemoryFlags : ChosenStep {
  std::string lengths = "mixed";
  Index steps = 100;
};

int bench_memory(const MemoryFlags& flags) {
  const bench::StepSetup setup = flags.setup();
  print_result(
      "# in_use_mb: peak of the bytes in use; resident_mb: peak growth of resident memory, without program_mb, which\n"
      "# the first step of the smallest such model takes\n"
      "# {:<11} {:<6} {:>5} {:>8} {:>3} {:>10} {:>10} {:>12} {:>6} {:>11}\n",
      "model", "size", "batch", "lengths", "thr", "ms", "in_use_mb", "resident_mb", "ratio", "program_mb");
  const auto lengths = flags.lengths == "equal" ? bench::Lengths::equal : bench::Lengths::mixed;
  const bench::MemoryPoint p = bench::measure_memory(setup, lengths, flags.steps);
  const Index longest = std::max(setup.source, setup.target);
  print_result("{:<13} {:<6} {:>5} {:>8} {:>3} {:>10.3f} {:>10.1f} {:>12.1f} {:>6.2f} {:>11.1f}\n", flags.model,
               flags.size, setup.run.train.batch,
               lengths == bench::Lengths::equal ? fmt::format("{}", longest) : fmt::format("1-{}", longest), threads(),
               1e3 * p.seconds, 1e-6 * p.in_use, 1e-6 * p.resident, p.resident / p.in_use, 1e-6 * p.program);
  return success;
}

void add_memory(CLI::App& bench, Action& action) {
  CLI::App& command = *bench.add_subcommand("memory", "Measure the memory of training on equal or on changing lengths");
  auto flags = std::make_shared<MemoryFlags>();
  add_step_arguments(command, *flags);
  command
      .add_option(
          "--lengths", flags->lengths,
          "equal: those of SIZE in each batch; mixed: in each batch another one from 1 to that (default: mixed)")
      ->check(CLI::IsMember({"equal", "mixed"}))
      ->type_name("NAME");
  command.add_option("--steps", flags->steps, "Steps (default: 100)")->check(number_from(1, 1e6))->type_name("N");
  add_threads(command);
  command.footer(
      "Example:\n"
      "  gradus bench memory rnn-attention small --set source=100 --set target=100 --set batch=32");
  command.callback([flags, &action] { action = [flags] { return bench_memory(*flags); }; });
}

struct DecodeBenchFlags : ChosenStep {
  double seconds = 2;
};

int bench_decode(const DecodeBenchFlags& flags) {
  const bench::StepSetup setup = flags.setup();
  print_result("# {:<11} {:<6} {:>6} {:>6} {:>3} {:>5} {:>4} {:>11} {:>11}\n", "model", "size", "source", "target",
               "thr", "batch", "beam", "sentences/s", "ms/sentence");
  for (const bench::DecodeWork& work : {bench::DecodeWork{1, 1}, {1, 5}, {64, 1}, {64, 5}}) {
    const bench::DecodeTimes t = bench::time_decode(setup, work, flags.seconds);
    const double seconds = t.round.median() / static_cast<double>(t.sentences);
    print_result("{:<13} {:<6} {:>6} {:>6} {:>3} {:>5} {:>4} {:>11.1f} {:>11.4f}\n", flags.model, flags.size,
                 setup.source, setup.target, threads(), work.batch, work.beam, 1 / seconds, 1e3 * seconds);
    flush_results();
  }
  return success;
}

void add_decoding(CLI::App& bench, Action& action) {
  CLI::App& command =
      *bench.add_subcommand("decode", "Time decoding: greedy and beam 5, one sentence and batches of 64");
  auto flags = std::make_shared<DecodeBenchFlags>();
  add_step_arguments(command, *flags);
  add_seconds(command, flags->seconds, "Seconds per line (default: 2)", {0.001, 3600});
  add_threads(command);
  command.footer(
      "Decodes random sentences to outputs of a fixed length, and prints the median of the rounds. A round is one\n"
      "sentence, or a batch of 64 per thread. tests/reference/decode_speed.py measures the same with PyTorch.\n\n"
      "Example:\n"
      "  gradus bench decode transformer small --threads 1");
  command.callback([flags, &action] { action = [flags] { return bench_decode(*flags); }; });
}

int bench_cnn(double seconds) {
  const bench::CnnTimes t = bench::time_cnn(seconds);
  const auto ms = [](const bench::Samples& s, double q = 0.5) { return 1e3 * s.quantile(q); };
  print_result("gradus cnn {} {:.3f} {:.0f} {:.0f}", threads(), ms(t.step),
               static_cast<double>(t.batch) / t.step.median(), bench::peak_resident_mb());
  print_result(" min_ms={:.3f} fwd_ms={:.3f} bwd_ms={:.3f} optim_ms={:.3f} params={} steps={} loss={:.3f}->{:.3f}\n",
               ms(t.step, 0), ms(t.forward), ms(t.backward), ms(t.update), t.parameters, t.step.size(), t.first_loss,
               t.last_loss);
  return success;
}

void add_cnn(CLI::App& bench, Action& action) {
  CLI::App& command = *bench.add_subcommand("cnn", "Time training steps of a small convolutional network");
  auto seconds = std::make_shared<double>(3);
  add_seconds(command, *seconds, "Seconds of training (default: 3)", {0.01, 3600});
  add_threads(command);
  command.footer(
      "Two convolutions of 3 x 3 with relu and max pooling, and a linear layer, on 100 images of 28 x 28 with Adam.\n"
      "Prints one line: gradus, cnn, threads, median ms per step, images/s, peak memory in MB, then key=value.\n"
      "bench/cnn.sh runs it beside libtorch.\n\n"
      "Example:\n"
      "  gradus bench cnn --threads 1");
  command.callback([seconds, &action] { action = [seconds] { return bench_cnn(*seconds); }; });
}

struct ExchangeFlags {
  double seconds = 1;
  bool fast_reduce = false;
};

int bench_exchange(const ExchangeFlags& flags) {
  if (ranks() == nullptr) throw UsageError("bench exchange needs ranks: start it with mpirun -n 2 or more");
  ranks()->fast_reduce = flags.fast_reduce;
  print_result("# {:>5} {:>10} {:>12} {:>12} {:>12}\n", "ranks", "bytes", "ms", "min_ms", "order");
  const auto print = [&](Index bytes, const bench::Samples& times, const char* order) {
    print_result("{:>7} {:>10} {:>12.4f} {:>12.4f} {:>12}\n", ranks()->size(), bytes, 1e3 * times.median(),
                 1e3 * times.quantile(0), order);
    flush_results();
  };
  print(1, bench::time_gather(*ranks(), flags.seconds), "gather");
  constexpr Index kib = 1 << 10, mib = 1 << 20;
  for (const Index bytes : {4 * kib, 64 * kib, mib, 2 * mib, 4 * mib, 8 * mib, 16 * mib, 32 * mib})
    print(bytes, bench::time_exchange(*ranks(), bytes, flags.seconds), flags.fast_reduce ? "fast" : "exact");
  return success;
}

void add_exchange(CLI::App& bench, Action& action) {
  CLI::App& command = *bench.add_subcommand("exchange", "Time the sum of gradients over ranks, by their bytes");
  auto flags = std::make_shared<ExchangeFlags>();
  add_seconds(command, flags->seconds, "Seconds per line (default: 1)", {0.001, 3600});
  command.add_flag("--fast-reduce", flags->fast_reduce, "As for gradus train");
  add_threads(command);
  command.footer(
      "Each rank has one shard. docs/scaling.md has a model of these times.\n\n"
      "Example:\n"
      "  mpirun -n 4 gradus bench exchange");
  command.callback([flags, &action] { action = [flags] { return bench_exchange(*flags); }; });
}

}  // namespace

void add_bench(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand(
      "bench", "Measure speed and memory: training steps, decoding, ops, a convolutional network");
  command.require_subcommand(1);
  command.footer("Example:\n  gradus bench step transformer small");
  add_step(command, action);
  add_epoch(command, action);
  add_scaling(command, action);
  add_ops(command, action);
  add_cnn(command, action);
  add_memory(command, action);
  add_decoding(command, action);
  add_exchange(command, action);
}

}  // namespace gradus::cli
