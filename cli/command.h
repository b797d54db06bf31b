#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/types.h>

namespace gradus::cli {

/// What was asked for makes no sense: the flag or setting is named, with what is allowed. Exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

inline constexpr int success = 0, failure = 1, usage = 2;

/// What the chosen command does, set by the command as it is parsed; returns the exit code.
using Action = std::function<int()>;

// Each adds its command to the program; one file a command.
void add_train(CLI::App& program, Action& action);
void add_eval(CLI::App& program, Action& action);
void add_decode(CLI::App& program, Action& action);
void add_demo(CLI::App& program, Action& action);
void add_gradcheck(CLI::App& program, Action& action);
void add_bench(CLI::App& program, Action& action);
void add_inspect(CLI::App& program, Action& action);
void add_doctor(CLI::App& program, Action& action);

/// For transform(): a whole number from `least` to `most`. Unlike CLI::Range it takes decimal digits alone, and 010 is
/// ten.
CLI::Validator whole_from(Index least, Index most);

/// For check(): a number from `least` to `most`, in decimal digits and not NaN.
CLI::Validator number_from(double least, double most);

/// For check(): refuses an empty text.
CLI::Validator not_empty();

/// The flag --threads, whose value is in force once the command runs.
void add_threads(CLI::App& command);

/// Makes the first SIGINT, SIGTERM or SIGHUP a request that `interrupt_requested` tells of; a second SIGINT or
/// SIGTERM ends the program.
void catch_interrupts();
bool interrupt_requested();
/// The exit code that tells of the request, as shells count: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP.
int interrupt_code();

/// Lets the program outlive who reads its output: for work whose result is kept in files.
void outlive_readers();

/// Throws Error when standard output could not take all that was written to it.
void flush_results();

}  // namespace gradus::cli
