// The check of the processor before main.
#include <cstring>
#include <string>

#include <gradus/autograd/foundation/internal/instructions.h>

#include "catch.h"

namespace gradus::autograd_instructions_test {

using namespace gradus::instructions;

TEST_CASE("Missing names the instructions that are compiled and not present") {
  bool none[count] = {}, all[count] = {}, no_avx2[count] = {};
  for (std::size_t i = 0; i < count; ++i) all[i] = no_avx2[i] = true;
  no_avx2[6] = no_avx2[7] = false;
  CHECK(std::string(Missing(all, no_avx2).names) == "AVX2, FMA");
  CHECK(std::string(Missing(all, all).names).empty());
  CHECK(std::string(Missing(none, none).names).empty());
}

TEST_CASE("Missing has room for all names") {
  bool none[count] = {}, all[count] = {};
  for (bool& one : all) one = true;
  const std::string names = Missing(all, none).names;
  CHECK(names.starts_with("SSE3, SSSE3, SSE4.1, "));
  CHECK(names.ends_with(", AVX-512VPOPCNTDQ"));
}

TEST_CASE("The rows of compiled instructions agree with the widest vectors") {
  const std::string widest = vectors();
  CHECK(compiled[10] == (widest == "AVX-512"));
  CHECK((compiled[6] && compiled[7]) == (widest == "AVX-512" || widest == "AVX2 and FMA"));
}

}  // namespace gradus::autograd_instructions_test
