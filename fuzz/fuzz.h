#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <gradus/autograd/foundation/error.h>
#include <gradus/files/internal/utf8.h>

// Code that the targets share. A target defines LLVMFuzzerTestOneInput. When an expectation fails, the program aborts,
// which libFuzzer reports as a crash.
namespace gradus::fuzz {

[[noreturn]] inline void fail(const char* promise, std::string_view found) {
  std::fprintf(stderr, "promise broken: %s\n%.*s\n", promise, static_cast<int>(found.size()), found.data());
  std::abort();
}

inline void expect(bool kept, const char* promise, std::string_view found = "") {
  if (!kept) fail(promise, found);
}

/// Checks that a message is not empty, short, and one line of UTF-8 without control characters.
inline void check_message(std::string_view message) {
  constexpr std::size_t longest = 1000;
  expect(!message.empty(), "a message is not empty");
  expect(message.size() <= longest, "a message is short", message);
  for (const char c : message)
    expect(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a message is printable", message);
  expect(files::find_invalid_utf8(message) == std::string_view::npos, "a message is UTF-8", message);
}

/// Whether `read` accepts its input. It may throw only gradus::Error with a good message.
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
