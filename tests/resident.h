#pragma once

#include <unistd.h>
#include <fstream>

/// Bytes of this process in memory.
inline double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}
