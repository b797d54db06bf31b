#include <fcntl.h>
#include <unistd.h>
#include <csignal>
#include <exception>
#include <new>
#include <string>

#include <gradus/cli/program.h>
#include <gradus/train/progress.h>

namespace gradus::cli {
namespace {

int complain(int code, const std::string& what) {
  train::say_line("gradus: " + what);
  return code;
}

// A stream that was closed would have its number taken by the next file that is opened.
void hold_standard_streams() {
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
  }
}

int run(int argc, char** argv) {
  const int code = parse(argc, argv)();
  flush_results();
  return code;
}

}  // namespace
}  // namespace gradus::cli

int main(int argc, char** argv) {
  using namespace gradus::cli;
  hold_standard_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a file above the limit of size is an error of write(2), and told as such
  try {
    return run(argc, argv);
  } catch (const UsageError& error) {
    return complain(usage, error.what());
  } catch (const std::bad_alloc&) {
    return complain(failure, "there is not enough memory for this");
  } catch (const std::exception& error) {
    return complain(failure, error.what());
  }
}
