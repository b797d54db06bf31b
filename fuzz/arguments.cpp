#include <algorithm>
#include <vector>

#include <gradus/cli/internal/parse.h>

#include "fuzz.h"

using namespace gradus;

// The input has one argument per line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(fuzz::text_of(data, size));
  std::vector<const char*> arguments{"gradus"};
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    arguments.push_back(text.data() + at);
    if (end < text.size()) text[end] = '\0';
    at = end + 1;
  }
  cli::Action action;
  const bool accepted =
      fuzz::accepts([&] { action = cli::parse(static_cast<int>(arguments.size()), arguments.data()); });
  fuzz::expect(accepted == static_cast<bool>(action), "accepted arguments have an action");
  return 0;
}
