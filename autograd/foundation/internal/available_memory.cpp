#include <gradus/autograd/foundation/internal/available_memory.h>

#include <unistd.h>
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>

#include <gradus/autograd/foundation/internal/proc_file.h>

namespace gradus {
namespace {

namespace fs = std::filesystem;

/// The first number of a file.
std::optional<std::size_t> number_in(const fs::path& file) {
  std::ifstream in(file);
  std::size_t number = 0;
  if (in >> number) return number;
  return std::nullopt;
}

std::size_t rest(std::size_t most, std::size_t used) { return most - std::min(most, used); }

void lower(AvailableMemory& found, std::size_t bytes, const char* limit) {
  if (bytes < found.bytes) found = {bytes, limit};
}

/// The path of the process in a hierarchy of control groups: of version 2, or of the controller "memory" of version 1.
std::optional<std::string> group_in(const fs::path& root, bool second) {
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const std::size_t begin = line.find(':'), end = line.find(':', begin + 1);
    if (begin == std::string::npos || end == std::string::npos) continue;
    const std::string controllers = ',' + line.substr(begin + 1, end - begin - 1) + ',';
    if (second ? controllers == ",," : controllers.find(",memory,") != std::string::npos) return line.substr(end + 1);
  }
  return std::nullopt;
}

/// Lowers `found` to the rest of the group and of each group around it. A container may show its own group as the root.
void lower_to_groups(AvailableMemory& found, const fs::path& root, bool second) {
  const std::optional<std::string> group = group_in(root, second);
  if (!group) return;
  const fs::path top = root / (second ? "sys/fs/cgroup" : "sys/fs/cgroup/memory");
  for (fs::path at = fs::path(*group).relative_path();; at = at.parent_path()) {
    const fs::path folder = top / at;
    const auto most = number_in(folder / (second ? "memory.max" : "memory.limit_in_bytes"));
    const auto used = number_in(folder / (second ? "memory.current" : "memory.usage_in_bytes"));
    if (most && used) {
      const fs::path stat = folder / "memory.stat";
      const std::string prefix = second ? "" : "total_";
      const std::size_t cached = number_after(stat, prefix + "inactive_file").value_or(0) +
                                 number_after(stat, prefix + "active_file").value_or(0);
      lower(found, rest(*most, rest(*used, cached)), "the limit of the control group");
    }
    if (at.empty()) break;
  }
}

}  // namespace

AvailableMemory available_memory(const fs::path& root) {
  AvailableMemory found{std::numeric_limits<std::size_t>::max(), "nothing"};
  if (const auto kilobytes = number_after(root / "proc/meminfo", "MemAvailable:"))
    lower(found, *kilobytes * 1024, "the free memory of the machine");
  for (const bool second : {false, true}) lower_to_groups(found, root, second);
  const auto space = number_after(root / "proc/self/limits", "Max address space");  // none if "unlimited"
  const auto pages = number_in(root / "proc/self/statm");
  if (space && pages) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    lower(found, rest(*space, *pages * page), "the limit of the address space");
  }
  return found;
}

}  // namespace gradus
