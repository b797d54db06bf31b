#pragma once

namespace gradus::cli {

/// The program `gradus` as a function: runs the command that the arguments choose, with all models of the registry, and
/// returns the exit code. Call it once, from main, after `models::register_model`:
///
///     int main(int argc, char** argv) {
///       gradus::models::register_model<MyModel>("my-model");
///       return gradus::cli::run_program(argc, argv);
///     }
///
/// Help and messages call the program by the file name in argv[0]. An error is one line on standard error. A command
/// may replace the handlers of SIGINT, SIGTERM, SIGUSR1, SIGHUP, SIGPIPE and SIGXFSZ. Throws nothing.
int run_program(int argc, char** argv);

}  // namespace gradus::cli
