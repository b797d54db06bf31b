#include <fmt/format.h>

#include <thread>

#include <gradus/autograd/foundation/internal/bf16_kernels.h>
#include <gradus/autograd/foundation/internal/blas.h>
#include <gradus/autograd/foundation/internal/instructions.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/cli/internal/command.h>
#include <gradus/cli/internal/version.h>

namespace gradus::cli {
namespace {

int examine() {
  const blas::Description d = blas::describe();
  print_result("gradus      {}\n", version);
  print_result("compiler    {}\n", __VERSION__);
  print_result("library     {}\n", instructions::file());
  print_result("  built for {}\n", instructions::vectors());
  print_result("threads     {} of {} processors\n", threads(), std::thread::hardware_concurrency());
  print_result("BLAS        {}\n", d.library);
  print_result("  build     {}\n", d.config);
  print_result("  kernels   {}, chosen by {}\n", d.kernel, d.chosen_by);
  print_result("bf16        {}\n", bf16::kernels().front().name);
  return success;
}

}  // namespace

void add_doctor(CLI::App& program, Action& action) {
  CLI::App& command =
      *program.add_subcommand("doctor", "Print which BLAS kernels, vector instructions and threads are in use");
  add_threads(command);
  command.footer(
      "Matrix products are several times slower with kernels for another processor. OPENBLAS_CORETYPE in the\n"
      "environment chooses the kernels.");
  command.callback([&action] { action = examine; });
}

}  // namespace gradus::cli
