#include <gradus/train/config.h>

#include "fuzz.h"

using namespace gradus;
using namespace gradus::train;

// The first line is the preset, and each other line an assignment of `gradus train --set`. After a '!', an accepted
// input is also written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  const bool closely = text.starts_with('!');
  if (closely) text.remove_prefix(1);
  const auto line = [&text] {
    const std::string_view first = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), first.size() + 1));
    return first;
  };
  RunConfig config;
  const bool accepted = fuzz::accepts([&] {
    ConfigSources sources{.preset = std::string(line())};
    while (!text.empty()) sources.assignments.push_back(split_assignment(line()));
    config = resolve(sources);
  });
  if (!accepted || !closely) return 0;
  const RunConfig again = from_toml(to_toml(config), "config.toml");
  for (const Setting& s : settings())
    fuzz::expect(s.get(again) == s.get(config), "a setting is the same after writing and reading", s.key);
  return 0;
}
