#include "cli/command.h"

#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdio>

#include "autograd/parallel.h"

namespace gradus::cli {
namespace {

std::atomic<int> requested{0};  // the signal
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void on_interrupt(int signal) {
  if (requested.exchange(signal) == 0) return;
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

CLI::Validator number_from(double least, double most) {
  return CLI::Validator(
      [least, most](const std::string& text) {
        double value = 0;
        const bool inside = CLI::detail::lexical_cast(text, value) && value >= least && value <= most;
        return inside ? std::string() : fmt::format("Value {} not in range {} to {}", text, least, most);
      },
      "FLOAT");
}

void add_threads(CLI::App& command) {
  command
      .add_option_function<int>(
          "--threads", [](int n) { set_threads(n); }, "Threads to use; changes no result (default: one a processor)")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
}

void catch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

bool interrupt_requested() { return requested.load() != 0; }

int interrupt_code() { return 128 + requested.load(); }

void flush_results() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) throw Error("cannot write to standard output");
}

}  // namespace gradus::cli
