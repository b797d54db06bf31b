#include <gradus/cli/internal/launch.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>
#include <algorithm>
#include <limits>
#include <memory>
#include <string_view>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/cli/internal/command.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/mpi.h>
#include <gradus/train/progress.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;

std::unique_ptr<Ranks> joined;
int kept_stderr = -1;          // of a silent rank
Index processors_of_rank = 0;  // that the threads of this rank have for themselves

constexpr std::string_view commands_of_ranks[] = {"train", "sweep", "eval", "decode", "classify"};

// The other streams of this process go nowhere, because one rank prints.
void silence() {
  kept_stderr = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, stream);
  ::close(nowhere);
}

void end_silence() {
  if (kept_stderr >= 0) ::dup2(kept_stderr, STDERR_FILENO);
}

// The processors that this rank may use, divided among the ranks of the same machine that may use the same ones.
Index processors_per_rank(Ranks& all) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const std::string own = host_name() + std::string(reinterpret_cast<const char*>(&set), sizeof set);
  const std::vector<std::string> of_ranks = all.gather(own);
  return std::max<Index>(1, CPU_COUNT(&set) / std::count(of_ranks.begin(), of_ranks.end(), own));
}

}  // namespace

Ranks* ranks() { return joined.get(); }

bool writes() { return !joined || joined->rank() == 0; }

void join_launch(int argc, const char* const* argv) {
  if (launched_ranks() == 1) return;
  const std::string_view command = argc > 1 ? argv[1] : "";
  const bool of_ranks =
      std::find(std::begin(commands_of_ranks), std::end(commands_of_ranks), command) != std::end(commands_of_ranks) ||
      (command == "bench" && argc > 2 &&
       (std::string_view(argv[2]) == "exchange" || std::string_view(argv[2]) == "step"));
  if (!has_mpi() || !of_ranks) {
    if (launched_rank() != 0) silence();
    if (command.starts_with('-')) return;
    if (has_mpi())
      throw UsageError(fmt::format(
          "{} runs in one process: start it without mpirun; {}, bench exchange and bench step run on several",
          files::shown(std::string(command)), fmt::join(commands_of_ranks, ", ")));
  }
  std::unique_ptr<Ranks> all = join_ranks();
  if (all->size() == 1) return;
  joined = std::move(all);
  joined->timeout = std::numeric_limits<double>::infinity();
  if (!writes()) silence();
  processors_of_rank = processors_per_rank(*joined);
  set_threads(static_cast<int>(processors_of_rank));
}

void note_crowded() {
  if (!joined || threads() <= processors_of_rank) return;
  say_line(
      fmt::format("note: each rank has {} threads for {} of the processors of its machine, so threads wait for each "
                  "other; --threads {} avoids it",
                  threads(), processors_of_rank, processors_of_rank));
}

int end_launch(int code, const std::string& message) {
  constexpr double seconds = 1;  // until ranks that fail together have all failed
  if (!joined) {
    say_line(fmt::format("{}: {}", program_name(), message));
    return code;
  }
  if (all_ranks_call(*joined, seconds)) {
    say_line(fmt::format("{}: {}", program_name(), message));
    leave_launch();
    return code;
  }
  end_silence();
  say_line(fmt::format("{}: {}: {}", program_name(), joined->name(joined->rank()), message));
  abort_ranks(code);
}

void abort_launch(int code) {
  if (joined) abort_ranks(code);
}

void leave_launch() { joined.reset(); }

}  // namespace gradus::cli
