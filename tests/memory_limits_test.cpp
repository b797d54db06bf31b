// Runs under limits of the address space. scripts/memory_limits.sh tries many more of them.
#include <algorithm>

#include <gradus/autograd/foundation/internal/sanitizers.h>
#include <gradus/autograd/foundation/parallel.h>
#include <gradus/autograd/ops/matmul.h>
#include <gradus/autograd/ops/reduction.h>
#include <gradus/train/mpi.h>

#include "program.h"

namespace gradus::memory_limits_test {
namespace {

// Whether a run succeeded, or ended with exit code 1 and one message.
bool in_order(const Ran& ran) {
  if (ran.code == 0) return true;
  const std::string start = "gradus: ";
  const std::size_t message = ran.err.rfind('\n' + start) == std::string::npos ? 0 : ran.err.rfind('\n' + start) + 1;
  return ran.code == 1 && ran.err.compare(message, start.size(), start) == 0 &&
         std::count(ran.err.begin() + static_cast<std::ptrdiff_t>(message), ran.err.end(), '\n') == 1;
}

}  // namespace

TEST_CASE("a run under a memory limit succeeds or ends with one message") {
  if (sanitizers::watching) return;  // sanitizers reserve more address space than any limit here
  const data::Scratch scratch;
  for (const char* limit : {"20000", "40000", "60000", "70000", "120000", "250000"}) {
    if (train::has_mpi() && limit == std::string("20000")) continue;  // MPI's libraries alone need more
    for (const char* threads : {"1", "8"}) {
      INFO("ulimit -v " << limit << ", threads " << threads);
      const std::string train = std::string("train --model transformer --task reverse --preset tiny --steps 2 ") +
                                "--set data.pairs=50 --set data.valid_pairs=10 --out run --overwrite --threads ";
      const Ran ran = run(scratch, train + threads, "", std::string("ulimit -v ") + limit);
      INFO(ran.err);
      CHECK(in_order(ran));
    }
  }
}

TEST_CASE("regression: more threads than the system starts ended the program without a message") {
  if (sanitizers::watching) return;
  const data::Scratch scratch;
  const Ran ran = run(scratch, "decode --run none --threads 256", "", "ulimit -v 300000");
  CHECK(ran.code == 1);
  CHECK_THAT(ran.err, Catch::Matchers::ContainsSubstring("gradus: 256 threads cannot be started, only "));
}

// Runs in a process of its own, started by the next test.
TEST_CASE("a large product in little memory", "[.]") {
  set_threads(2);
  const Tensor x = Tensor::ones({2000, 2000});
  double found = 0;
  try {
    found = sum(matmul(x, x)).item();
  } catch (const OutOfMemory& e) {
    CHECK_THAT(e.what(), Catch::Matchers::ContainsSubstring("a buffer of OpenBLAS needs 134217728 bytes"));
    std::exit(3);
  }
  CHECK(found == 8e9);
}

TEST_CASE("regression: a large product hung when OpenBLAS could not map its buffer") {
  if (sanitizers::watching) return;
  const std::string test =
      std::filesystem::read_symlink("/proc/self/exe").string() + " 'a large product in little memory'";
  const auto code_under = [&](const char* limit) {
    const int status =
        std::system((std::string("ulimit -v ") + limit + " && timeout 60 " + test + " > /dev/null").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  CHECK(code_under("200000") == 3);
  CHECK(code_under("300000") == 0);  // room for one buffer: the products wait for each other
  CHECK(code_under("unlimited") == 0);
}

}  // namespace gradus::memory_limits_test
