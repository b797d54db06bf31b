#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <gradus/autograd/foundation/error.h>
#include <gradus/data/internal/utf8.h>

// What the targets share. A target defines LLVMFuzzerTestOneInput; whatever breaks a promise ends the program, which
// libFuzzer takes for a crash.
namespace gradus::fuzz {

[[noreturn]] inline void fail(const char* promise, std::string_view found) {
  std::fprintf(stderr, "promise broken: %s\n%.*s\n", promise, static_cast<int>(found.size()), found.data());
  std::abort();
}

inline void expect(bool kept, const char* promise, std::string_view found = "") {
  if (!kept) fail(promise, found);
}

/// What a message may be: not empty, short, one line of UTF-8 without control characters.
inline void check_message(std::string_view message) {
  constexpr std::size_t longest = 1000;
  expect(!message.empty(), "a refusal says why");
  expect(message.size() <= longest, "a refusal is short", message);
  for (const char c : message) expect(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "it is printable", message);
  expect(data::find_invalid_utf8(message) == std::string_view::npos, "a refusal is UTF-8", message);
}

/// Whether `read` accepts its input. A refusal must be a gradus::Error with a good message; nothing else may leave.
template <class Read>
bool accepts(Read&& read) {
  try {
    read();
    return true;
  } catch (const Error& refusal) {
    check_message(refusal.what());
    return false;
  }
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace gradus::fuzz
