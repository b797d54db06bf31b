#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include <gradus/autograd/engine/tensor.h>

namespace gradus::train {

struct NamedTensor {
  std::string name;
  Tensor tensor;
  std::string widened_from = {};  // the file's dtype ("BF16") where the tensor's is a wider one; else empty
};

/// What a safetensors file holds (https://github.com/huggingface/safetensors, "Format").
struct Safetensors {
  std::vector<NamedTensor> tensors;
  std::map<std::string, std::string> metadata;

  /// The tensor of that name, undefined when there is none.
  Tensor find(const std::string& name) const;
};

/// Writes F32, F64 and I64 tensors in the reference's order (widest dtype first, then by name) and padding, replacing
/// the file in one go. Throws Error on a name that occurs twice and when writing fails; the old file then stays.
void write_safetensors(const std::filesystem::path& path, const Safetensors& contents);

/// Reads strictly: the header's length lies inside the file and is at most 100,000,000; its JSON is one object with no
/// name twice; every tensor has dtype, shape and data_offsets and nothing else; the offsets cover the rest of the file
/// without holes or overlaps and fit the shapes. All of it is checked before memory for values is allocated.
/// F16 and BF16 become f32; BOOL, U8, I8, U16, I16, U32 and I32 become i64: the same numbers in a wider dtype.
/// Throws Error naming file and defect; other dtypes are refused by name.
Safetensors read_safetensors(const std::filesystem::path& path);
/// The same from a stream of which `size` bytes are left; `name` stands for it in messages.
Safetensors read_safetensors(std::istream& in, std::uint64_t size, const std::string& name);

}  // namespace gradus::train
