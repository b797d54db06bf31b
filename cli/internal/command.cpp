#include <gradus/cli/internal/command.h>

#include <fmt/format.h>

#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include <gradus/autograd/foundation/parallel.h>

namespace gradus::cli {
namespace {

std::atomic<int> requested{0};  // the signal
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void on_interrupt(int signal) {
  int none = 0;
  if (requested.compare_exchange_strong(none, signal)) {
    constexpr std::string_view message = "\nstopping after this step; interrupt again to stop at once\n";
    const int number = errno;
    static_cast<void>(::write(STDERR_FILENO, message.data(), message.size()) != 0);
    errno = number;
    return;
  }
  if (signal == SIGHUP || signal == SIGUSR1) return;  // each of several launchers and shells may send one
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// A validator that refuses a text other than a number in the range, and rewrites a number in its usual form.
template <class T>
std::function<std::string(std::string&)> range(T least, T most) {
  return [least, most](std::string& text) {
    T value{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool all = problem == std::errc() && end == text.data() + text.size();
    if (!all || !(value >= least && value <= most))
      return fmt::format("{} is not in the range {} to {}", text, least, most);
    text = fmt::format("{}", value);
    return std::string();
  };
}

[[noreturn]] void refuse_output() {
  throw Error(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
}

std::string& own_name() {
  static std::string name = "gradus";
  return name;
}

}  // namespace

const std::string& program_name() { return own_name(); }

void set_program_name(std::string name) { own_name() = std::move(name); }

CLI::Validator whole_from(Index least, Index most) {
  return {range<Index>(least, most), fmt::format("INT in [{} - {}]", least, most)};
}

CLI::Validator number_from(double least, double most) { return {range<double>(least, most), "FLOAT"}; }

CLI::Validator not_empty() {
  return {[](const std::string& text) { return text.empty() ? std::string("expected a value") : std::string(); }, ""};
}

void add_threads(CLI::App& command) {
  command
      .add_option_function<int>(
          "--threads", [](int n) { set_threads(n); },
          "Number of threads; does not change results (default: one per processor)")
      ->transform(whole_from(1, 1024))
      ->type_name("N");
}

void catch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  std::signal(SIGUSR1, on_interrupt);
  if (std::signal(SIGHUP, on_interrupt) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // started by nohup
}

bool interrupt_requested() { return requested.load() != 0; }

// Without a signal here, another rank got one and ended the run of all.
int interrupt_code() {
  const int signal = requested.load();
  return 128 + (signal == 0 || signal == SIGUSR1 ? SIGTERM : signal);
}

void write_result(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) refuse_output();
}

void flush_results() {
  if (std::fflush(stdout) != 0) refuse_output();
}

}  // namespace gradus::cli
