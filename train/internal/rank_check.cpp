#include <gradus/train/internal/rank_check.h>

#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <vector>

#include <gradus/autograd/foundation/internal/bf16_kernels.h>
#include <gradus/autograd/foundation/internal/blas.h>
#include <gradus/autograd/foundation/internal/fnv1a.h>
#include <gradus/train/internal/bytes.h>

namespace gradus::train {
namespace {

std::string bytes_of(const std::vector<Fact>& facts) {
  ByteWriter to;
  for (const Fact& fact : facts) {
    to.text(fact.name);
    to.text(fact.value);
  }
  return to.bytes;
}

std::vector<Fact> facts_of(const std::string& bytes) {
  std::vector<Fact> facts;
  for (ByteReader from(bytes); !from.ended();) {
    const std::string name = from.text();
    facts.push_back({name, from.text()});
  }
  return facts;
}

// Whole words, because bytes one by one take eight times as long.
void take(Fnv1a& hash, const char* bytes, std::size_t count) {
  std::uint64_t word = 0;
  for (std::size_t at = 0; at + sizeof word <= count; at += sizeof word) {
    std::memcpy(&word, bytes + at, sizeof word);
    hash.take(word);
  }
  hash.take(std::string_view(bytes + count / sizeof word * sizeof word, count % sizeof word));
}

std::string hash_of_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<char> block(1 << 20);
  Fnv1a hash;
  do {
    in.read(block.data(), std::ssize(block));
    take(hash, block.data(), static_cast<std::size_t>(in.gcount()));
  } while (in);
  return fmt::format("{:016x}", hash.value());
}

}  // namespace

void check_same(Ranks& ranks, const std::vector<Fact>& facts) {
  const std::vector<std::string> all = ranks.gather(bytes_of(facts));
  const std::vector<Fact> first = facts_of(all.front());
  for (Index r = 1; r < ranks.size(); ++r) {
    const std::vector<Fact> theirs = facts_of(all[static_cast<std::size_t>(r)]);
    for (std::size_t i = 0; i < std::min(first.size(), theirs.size()); ++i) {
      if (first[i].name == theirs[i].name && first[i].value == theirs[i].value) continue;
      throw Error(fmt::format("{} differs from {} in {}: {}, not {}; start all ranks with the same", ranks.name(r),
                              ranks.name(0), theirs[i].name, theirs[i].value, first[i].value));
    }
    if (first.size() != theirs.size())
      throw Error(fmt::format("{} differs from {} in the number of its settings", ranks.name(r), ranks.name(0)));
  }
}

std::vector<Fact> facts_of_program() {
  const blas::Description blas = blas::describe();
  static const std::string program = hash_of_file("/proc/self/exe");
  return {{"the compiler of the program", __VERSION__},
          {"the build of the program (hash of its file)", program},
          {"the kernels of OpenBLAS", blas.kernel},
          {"the version of OpenBLAS", blas.config},
          {"the kernel of bf16 products", bf16::kernels().front().name}};
}

std::string hash_of(const std::vector<Tensor>& tensors) {
  Fnv1a hash;
  for (const Tensor& t : tensors) {
    const auto count = static_cast<std::size_t>(t.numel() * size_of(t.dtype()));
    if (count == 0) continue;
    const char* bytes = t.dtype() == DType::i64 ? reinterpret_cast<const char*>(t.data<Index>())
                                                : dispatch_floating(t.dtype(), [&](auto zero) {
                                                    return reinterpret_cast<const char*>(t.data<decltype(zero)>());
                                                  });
    take(hash, bytes, count);
  }
  return fmt::format("{:016x}", hash.value());
}

}  // namespace gradus::train
