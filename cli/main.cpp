#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "cli/program.h"

namespace gradus::cli {
namespace {

int complain(int code, std::string what) {
  fmt::print(stderr, "gradus: {}\n", one_line(std::move(what)));
  return code;
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
  std::signal(SIGXFSZ, SIG_IGN);  // a file above the limit of size is an error of write(2), and told as such
  try {
    return run(argc, argv);
  } catch (const UsageError& error) {
    return complain(usage, error.what());
  } catch (const std::bad_alloc&) {
    return complain(failure, "not enough memory; a smaller model or batch needs less");
  } catch (const std::exception& error) {
    return complain(failure, error.what());
  }
}
