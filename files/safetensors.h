#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

namespace gradus::files {

/// A tensor of a file.
struct NamedTensor {
  std::string name;               // its key in the header
  Tensor tensor;                  // f32, f64 or i64
  std::string widened_from = {};  // the dtype in the file ("BF16"), where the tensor's is wider; else empty
};

/// The contents of a safetensors file (https://github.com/huggingface/safetensors, "Format").
struct Safetensors {
  std::vector<NamedTensor> tensors;             // each name occurs once
  std::map<std::string, std::string> metadata;  // "__metadata__" of the header
  /// Whether the file has a checksum of the values of each tensor: the CRC-32 as 8 hexadecimal digits, in the metadata
  /// under "crc32/NAME". `metadata` lacks these entries.
  bool checksums = false;

  /// The tensor of that name, undefined when there is none.
  Tensor find(const std::string& name) const;
};

/// Replaces the file atomically. Tensors (f32, f64, i64) are in the order of the reference implementation, widest dtype
/// first, then by name, with its padding. Throws Error on a name that occurs twice, on names and metadata that are not
/// UTF-8, on the metadata key "crc32/NAME" of a tensor, and when a write fails; then the old file stays.
void write_safetensors(const std::filesystem::path& path, const Safetensors& contents);

/// Reads a file strictly. Before memory for values is allocated, it checks that
///
/// - the header fits the file and has at most 100,000,000 bytes;
/// - its JSON is one object in which no name occurs twice;
/// - every tensor has the keys dtype, shape and data_offsets, and no others;
/// - the offsets fit the shapes and cover the rest of the file without holes or overlaps.
///
/// Values with a checksum in the metadata must match it. F16 and BF16 become f32; BOOL, U8, I8, U16, I16, U32 and I32
/// become i64, with the same values. Throws Error that names the file and the defect, also on other dtypes.
Safetensors read_safetensors(const std::filesystem::path& path);
/// The same from the next `size` bytes of a stream. `name` is its name in messages.
Safetensors read_safetensors(std::istream& in, std::uint64_t size, const std::string& name);

}  // namespace gradus::files
