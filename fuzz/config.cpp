#include <gradus/train/config.h>

#include "fuzz.h"

using namespace gradus;
using namespace gradus::train;

// An accepted text that begins with a comment is also written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  RunConfig config;
  if (!fuzz::accepts([&] { config = from_toml(fuzz::text_of(data, size), "config.toml"); })) return 0;
  if (size == 0 || data[0] != '#') return 0;
  const std::string written = to_toml(config);
  const RunConfig again = from_toml(written, "config.toml");
  for (const Setting& s : settings())
    fuzz::expect(s.get(again) == s.get(config), "a setting is the same after writing and reading", s.key);
  fuzz::expect(to_toml(again) == written, "a configuration is the same after writing and reading", written);
  return 0;
}
