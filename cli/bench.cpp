#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "autograd/parallel.h"
#include "bench/machine.h"
#include "bench/step.h"
#include "cli/command.h"

namespace gradus::cli {
namespace {

struct StepFlags {
  std::string model, config;
  std::vector<std::string> sets;
  double seconds = 3, peak = 0;
};

int bench_step(const StepFlags& flags) {
  const bench::StepSetup setup = bench::step_setup(flags.model, flags.config, flags.sets);
  const bench::StepTimes t = bench::time_steps(setup, flags.seconds);
  const double resident = bench::peak_resident_mb();  // before the peak is measured
  const double peak = flags.peak > 0 ? flags.peak : bench::product_peak();
  const auto ms = [](const bench::Samples& s, double q = 0.5) { return 1e3 * s.quantile(q); };
  const double gflop = 6e-9 * t.products, gflops = gflop / t.step.median();
  const auto tokens = static_cast<double>(setup.run.train.batch * setup.target);
  fmt::print("{} {} {} {:.3f} {:.0f} {:.0f}", setup.model, setup.config, threads(), ms(t.step),
             tokens / t.step.median(), resident);
  fmt::print(" min_ms={:.3f} p90_ms={:.3f} fwd_ms={:.3f} bwd_ms={:.3f} clip_ms={:.3f} optim_ms={:.3f}", ms(t.step, 0),
             ms(t.step, 0.9), ms(t.forward), ms(t.backward), ms(t.clip), ms(t.update));
  fmt::print(" gflop={:.3f} gflops={:.1f} mfu_pct={:.1f} peak_gflops={:.1f}", gflop, gflops, 100 * gflops / peak, peak);
  fmt::print(" shards={} params={} steps={} loss={:.3f}->{:.3f}\n", setup.run.train.shards, t.parameters, t.step.size(),
             t.first_loss, t.last_loss);
  return success;
}

void add_step(CLI::App& bench, Action& action) {
  CLI::App& command = *bench.add_subcommand("step", "Time training steps: forward, backward, clip, update");
  auto flags = std::make_shared<StepFlags>();
  command.add_option("MODEL", flags->model, "One of " + fmt::format("{}", fmt::join(bench::step_models(), ", ")))
      ->required();
  command.add_option("CONFIG", flags->config, "One of " + fmt::format("{}", fmt::join(bench::step_configs(), ", ")))
      ->required();
  command
      .add_option("--set", flags->sets,
                  "Another dimension: dim, ffn, heads, layers, vocabulary, batch, source or target, or a setting of "
                  "`gradus train`; repeatable")
      ->type_name("KEY=VALUE");
  command.add_option("--seconds", flags->seconds, "How long (default: 3)")->check(CLI::Range(0.01, 3600.0));
  command.add_option("--peak", flags->peak, "GFLOP/s that mfu_pct is of (default: measured, a large product)")
      ->check(CLI::Range(1.0, 1e9));
  add_threads(command);
  command.footer(
      "Prints one line: model, configuration, threads, median ms a step, target tokens/s, peak memory in MB, then\n"
      "key=value. gflop counts the matrix products: 3 x 2 x the multiply-adds of a forward pass.\n\n"
      "Examples:\n"
      "  gradus bench step transformer small\n"
      "  gradus bench step rnn toy --set batch=64 --set train.shards=4 --threads 1");
  command.callback([flags, &action] { action = [flags] { return bench_step(*flags); }; });
}

}  // namespace

void add_bench(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("bench", "Measure speed: training steps and ops");
  command.require_subcommand(1);
  add_step(command, action);
}

}  // namespace gradus::cli
