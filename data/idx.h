#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <gradus/autograd/foundation/types.h>

namespace gradus::data {

/// The types of the values of an idx file, by their code in it.
enum class IdxType : std::uint8_t {
  unsigned_byte = 0x08,
  signed_byte = 0x09,
  int16 = 0x0B,
  int32 = 0x0C,
  float32 = 0x0D,
  float64 = 0x0E,
};

/// The contents of an idx file, the format of MNIST (LeCun, Cortes, Burges 1998).
struct Idx {
  IdxType type = IdxType::unsigned_byte;  // of each value
  std::vector<Index> shape = {};          // one extent per axis
  std::vector<std::uint8_t> values = {};  // row-major, each value big-endian
};

/// Reads a file, plain or gzip. Memory grows with the bytes that are there, not with the sizes that the header states.
/// Throws Error, with the file and what was expected, when
///
/// - it cannot be read, or its gzip data are damaged;
/// - its header is not that of an idx file, or states no axes or more than 2^32 bytes of values;
/// - it has fewer or more bytes of values than its header states.
Idx read_idx(const std::filesystem::path& path);

/// "[60000, 28, 28]"
std::string shape_text(const std::vector<Index>& shape);

/// "32-bit floats"
const char* name(IdxType type);

}  // namespace gradus::data
