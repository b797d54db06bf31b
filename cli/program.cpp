#include <gradus/cli/program.h>

#include <fcntl.h>
#include <unistd.h>
#include <csignal>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include <gradus/cli/internal/launch.h>
#include <gradus/cli/internal/parse.h>

namespace gradus::cli {
namespace {

// Opens closed standard streams, since the next file would otherwise get their numbers. Reading a closed input and
// writing to a closed output then fail; messages without a place to go are dropped.
void hold_standard_streams() {
  constexpr int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", modes[stream]);
}

int run(int argc, char** argv) {
  join_launch(argc, argv);
  const int code = parse(argc, argv)();
  flush_results();
  leave_launch();
  return code;
}

}  // namespace

int run_program(int argc, char** argv) {
  hold_standard_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // write(2) then fails when a file exceeds the size limit
  std::signal(SIGPIPE, SIG_IGN);  // and when the reader of a pipe has ended
  try {
    try {
      return run(argc, argv);
    } catch (const UsageError& error) {
      return end_launch(usage, error.what());
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      return end_launch(failure, error.what());
    }
  } catch (const std::bad_alloc&) {  // of the command or of the report; this message needs no memory
    for (const std::string_view part :
         {std::string_view(program_name()), std::string_view(": there is not enough memory\n")})
      static_cast<void>(::write(STDERR_FILENO, part.data(), part.size()) != 0);
    abort_launch(failure);
    return failure;
  }
}

}  // namespace gradus::cli
