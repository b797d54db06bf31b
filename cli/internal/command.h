#pragma once

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/types.h>

namespace gradus::cli {

/// A wrong flag or setting. The message has its name and what is allowed. Exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

inline constexpr int success = 0, failure = 1, usage = 2;
inline constexpr int incomplete = 3;  // all was done but for some lines of the input, which are reported

/// Runs the chosen command and returns the exit code. The command sets it when it is parsed.
using Action = std::function<int()>;

// Each function adds its command to the program. Each command has its own file.
void add_train(CLI::App& program, Action& action);
void add_sweep(CLI::App& program, Action& action);
void add_average(CLI::App& program, Action& action);
void add_eval(CLI::App& program, Action& action);
void add_metrics(CLI::App& program, Action& action);
void add_decode(CLI::App& program, Action& action);
void add_score(CLI::App& program, Action& action);
void add_classify(CLI::App& program, Action& action);
void add_report(CLI::App& program, Action& action);
void add_watch(CLI::App& program, Action& action);
void add_config(CLI::App& program, Action& action);
void add_demo(CLI::App& program, Action& action);
void add_gradcheck(CLI::App& program, Action& action);
void add_bench(CLI::App& program, Action& action);
void add_profile(CLI::App& program, Action& action);
void add_graph(CLI::App& program, Action& action);
void add_inspect(CLI::App& program, Action& action);
void add_doctor(CLI::App& program, Action& action);
void add_completion(CLI::App& program, Action& action);
void add_man(CLI::App& program, Action& action);

/// The name of the program in help and messages: "gradus", or the file name of the user's own program.
const std::string& program_name();
void set_program_name(std::string name);

/// For transform(): a whole number from `least` to `most`. Unlike CLI::Range it accepts only decimal digits, and 010 is
/// ten.
CLI::Validator whole_from(Index least, Index most);

/// For check(): a number from `least` to `most`, in decimal digits, not NaN.
CLI::Validator number_from(double least, double most);

/// For check(): refuses an empty text.
CLI::Validator not_empty();

/// Adds the flag --threads. Its value is set before the command runs.
void add_threads(CLI::App& command);

/// After this call, the first SIGINT, SIGTERM, SIGUSR1 or SIGHUP makes `interrupt_requested` true. A second SIGINT or
/// SIGTERM ends the program. SIGUSR1 counts as SIGTERM for launchers that forward it alone.
void catch_interrupts();
bool interrupt_requested();
/// The exit code of a shell for the signal: 130 for SIGINT, 143 for SIGTERM and SIGUSR1, 129 for SIGHUP.
int interrupt_code();

/// Writes to standard output. Throws Error with the reason when a write fails; output may stay buffered until
/// `flush_results`.
void write_result(std::string_view text);
template <class... Arguments>
void print_result(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  write_result(fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// Returns once all output was written. Throws Error with the reason when it was not.
void flush_results();

}  // namespace gradus::cli
