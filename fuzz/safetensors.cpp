#include <cstring>
#include <sstream>

#include <gradus/files/internal/file_calls.h>
#include <gradus/files/safetensors.h>
#include <gradus/nn/parameters.h>
#include <gradus/optim/adam.h>
#include <gradus/train/checkpoint.h>

#include "fuzz.h"

using namespace gradus;
using namespace gradus::train;

namespace {

files::Safetensors read(std::string bytes) {
  const std::uint64_t size = bytes.size();
  std::istringstream in(std::move(bytes));
  return files::read_safetensors(in, size, "file");
}

/// The bytes that `write_safetensors` writes.
std::string written(const files::Safetensors& contents) {
  static std::string bytes;
  static const bool captured = [] {
    constexpr int no_file = 1 << 20;
    files::file_calls() = {.open = [](const char*, int, mode_t) { return no_file; },
                           .write =
                               [](int, const void* from, std::size_t size) {
                                 bytes.append(static_cast<const char*>(from), size);
                                 return static_cast<ssize_t>(size);
                               },
                           .truncate = [](int, off_t) { return 0; },
                           .fsync = [](int) { return 0; },
                           .close = [](int) { return 0; },
                           .rename = [](const char*, const char*) { return 0; }};
    return true;
  }();
  fuzz::expect(captured, "files are captured");
  bytes.clear();
  files::write_safetensors("nowhere", contents);
  return bytes;
}

bool same(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  return dispatch(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    return std::memcmp(a.data<T>(), b.data<T>(), sizeof(T) * static_cast<std::size_t>(a.numel())) == 0;
  });
}

bool same(const files::Safetensors& a, const files::Safetensors& b) {
  if (a.metadata != b.metadata || a.tensors.size() != b.tensors.size()) return false;
  for (const files::NamedTensor& t : a.tensors) {
    const Tensor other = b.find(t.name);
    if (!other.defined() || !same(t.tensor, other)) return false;
  }
  return true;
}

/// A model of one layer, to read a checkpoint into.
struct Model {
  nn::ParameterStore store{1};
  Tensor weight = store.root().zeros("w", {2, 1});
  optim::Adam optimizer{{weight}};
  optim::Plateau plateau;
  optim::Average average{{weight}, 0.9};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  files::Safetensors file;
  if (!fuzz::accepts([&] { file = read(std::string(fuzz::text_of(data, size))); })) return 0;
  const std::string bytes = written(file);
  fuzz::expect(same(read(bytes), file), "a file is the same after writing and reading");
  fuzz::expect(written(read(bytes)) == bytes, "writing is repeatable");

  Position position;
  if (!fuzz::accepts([&] { position = position_of(file, "file"); })) return 0;
  Model model;
  optim::Average* const average = file.find("average.step").defined() ? &model.average : nullptr;
  const StateOwners owners{&model.optimizer, &model.plateau, average};
  if (!fuzz::accepts([&] { unpack(file, "file", model.store, owners); })) return 0;
  const files::Safetensors packed = pack(model.store, position, owners);
  fuzz::expect(pack(model.store, position_of(packed, "file")).metadata == packed.metadata,
               "a position is the same after packing");
  fuzz::expect(same(read(written(packed)), packed), "a checkpoint is the same after writing and reading");
  return 0;
}
