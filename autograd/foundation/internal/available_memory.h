#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace gradus {

/// Bytes that the process can still allocate, and what limits them.
struct AvailableMemory {
  std::size_t bytes = 0;
  std::string limit;  // for messages: "the memory of the machine"
};

/// The least of: the memory that the system has free or can free (MemAvailable), the rest of the address space
/// (RLIMIT_AS), and the rest of each control group of the process, version 1 or 2, whose cached files count as free.
/// A limit that cannot be read does not count; without any, SIZE_MAX. `root` is the folder of /proc and /sys.
AvailableMemory available_memory(const std::filesystem::path& root = "/");

}  // namespace gradus
