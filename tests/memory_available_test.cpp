#include <unistd.h>
#include <limits>

#include <gradus/autograd/foundation/internal/available_memory.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::memory_available_test {

using data::Scratch;

namespace {

// Writes a file below the folder that stands for the root.
void put(const Scratch& scratch, const std::string& name, const std::string& text) {
  std::filesystem::create_directories((scratch.folder() / name).parent_path());
  scratch.write(name, text);
}

}  // namespace

TEST_CASE("the memory that a process may use is the least of its limits") {
  const Scratch root;
  CHECK(available_memory(root.folder()).bytes == std::numeric_limits<std::size_t>::max());
  put(root, "proc/meminfo", "MemTotal: 9000 kB\nMemFree: 10 kB\nMemAvailable:    5000 kB\n");
  CHECK(available_memory(root.folder()).bytes == 5000 * 1024);
  CHECK(available_memory(root.folder()).limit == "the free memory of the machine");

  SECTION("control groups of version 2, with the groups around") {
    put(root, "proc/self/cgroup", "broken\n0::/outer/inner\n");
    put(root, "sys/fs/cgroup/outer/inner/memory.max", "max\n");
    put(root, "sys/fs/cgroup/outer/inner/memory.current", "7\n");
    CHECK(available_memory(root.folder()).bytes == 5000 * 1024);
    put(root, "sys/fs/cgroup/outer/memory.max", "3000000\n");
    put(root, "sys/fs/cgroup/outer/memory.current", "1000000\n");
    CHECK(available_memory(root.folder()).bytes == 2'000'000);
    put(root, "sys/fs/cgroup/outer/memory.stat", "anon 5\ninactive_file 300000\nactive_file 100000\n");
    CHECK(available_memory(root.folder()).bytes == 2'400'000);
    CHECK(available_memory(root.folder()).limit == "the limit of the control group");
    put(root, "sys/fs/cgroup/outer/memory.current", "4000000\n");
    CHECK(available_memory(root.folder()).bytes == 0);
  }
  SECTION("control groups of version 1") {
    put(root, "proc/self/cgroup", "5:cpu:/x\n4:hugetlb,memory:/job\n");
    put(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put(root, "sys/fs/cgroup/memory/memory.usage_in_bytes", "100\n");
    put(root, "sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1000\n");
    put(root, "sys/fs/cgroup/memory/job/memory.usage_in_bytes", "900\n");
    put(root, "sys/fs/cgroup/memory/job/memory.stat", "inactive_file 1\ntotal_inactive_file 20\n");
    CHECK(available_memory(root.folder()).bytes == 120);
  }
  SECTION("the address space") {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    put(root, "proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max cpu time              unlimited            unlimited            seconds   \n"
        "Max address space         " +
            std::to_string(100 * page) + "               unlimited            bytes     \n");
    put(root, "proc/self/statm", "98 1\n");
    CHECK(available_memory(root.folder()).bytes == 2 * page);
    CHECK(available_memory(root.folder()).limit == "the limit of the address space");
    put(root, "proc/self/statm", "102 1\n");
    CHECK(available_memory(root.folder()).bytes == 0);
    put(root, "proc/self/limits", "Max address space         unlimited            unlimited            bytes     \n");
    CHECK(available_memory(root.folder()).bytes == 5000 * 1024);
  }
}

TEST_CASE("the memory of this machine is known") {
  const AvailableMemory found = available_memory();
  CHECK(found.bytes > 0);
  CHECK(found.bytes < std::size_t{1} << 60);
}

}  // namespace gradus::memory_available_test
