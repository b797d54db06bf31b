// The C++ in README.md and docs/ is taken from the examples, which are compiled and run.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"

namespace gradus::examples_test {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// The blocks between "```cpp" and "```", without these lines.
std::vector<std::string> code_in(const std::string& page) {
  const std::string begin = "```cpp\n", end = "```\n";
  std::vector<std::string> blocks;
  for (std::size_t at = page.find(begin); at != std::string::npos; at = page.find(begin, at)) {
    at += begin.size();
    blocks.push_back(page.substr(at, page.find(end, at) - at));
  }
  return blocks;
}

}  // namespace

TEST_CASE("the C++ in README and docs consists of lines of the examples") {
  std::vector<std::string> examples;
  for (const auto& file : std::filesystem::directory_iterator("examples"))
    if (file.path().extension() == ".cpp") examples.push_back(text_of(file.path()));
  std::vector<std::filesystem::path> pages = {"README.md"};
  for (const auto& file : std::filesystem::directory_iterator("docs")) pages.push_back(file.path());
  for (const auto& page : pages) {
    for (const std::string& block : code_in(text_of(page))) {
      CAPTURE(page, block);
      CHECK(std::any_of(examples.begin(), examples.end(),
                        [&](const std::string& example) { return example.find(block) != std::string::npos; }));
    }
  }
}

TEST_CASE("the first C++ in README is the whole first example, below its comment") {
  const std::vector<std::string> blocks = code_in(text_of("README.md"));
  REQUIRE(!blocks.empty());
  const std::string example = text_of("examples/0_gradient.cpp");
  CHECK(blocks[0] == example.substr(example.find("#include")));
}

TEST_CASE("an example begins with what it shows, its build and its run, and has at most 120 lines") {
  for (const auto& file : std::filesystem::directory_iterator("examples")) {
    if (file.path().extension() != ".cpp") continue;
    CAPTURE(file.path());
    const std::string name = file.path().stem().string();
    std::istringstream text(text_of(file.path()));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    REQUIRE(lines.size() > 3);
    CHECK(lines.size() <= 120);
    CHECK(lines[0].starts_with("// "));
    CHECK(lines[1] == "// Build: cmake --preset release && cmake --build --preset release --target example_" + name);
    CHECK(lines[2].starts_with("// Run:   build/release/examples/" + name));
  }
}

}  // namespace gradus::examples_test
