#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <gradus/files/internal/file_calls.h>
#include <gradus/files/internal/file_replacement.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::files::files_replacement_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::contents;
using data::Scratch;

// The destructor restores the system's calls.
struct Restored {
  FileCalls old = file_calls();
  ~Restored() { file_calls() = old; }
};

}  // namespace

TEST_CASE("a replaced file has the new contents or the old, and no temporary sibling is left") {
  const Scratch scratch;
  const auto path = scratch.write("f", "old");
  {
    FileReplacement file(path);
    file.write("ne", 2);
    CHECK(contents(path) == "old");
  }
  CHECK(contents(path) == "old");
  replace_file(path, "new");
  CHECK(contents(path) == "new");
  CHECK(std::distance(std::filesystem::directory_iterator(scratch.folder()), {}) == 1);
  CHECK_THROWS_WITH(replace_file(scratch.folder() / "no" / "f", ""),
                    ContainsSubstring("create failed: No such file or directory"));
}

TEST_CASE("an existing temporary sibling is not written to") {
  const Scratch scratch;
  std::filesystem::create_symlink(scratch.folder() / "elsewhere", scratch.folder() / "f.tmp");
  replace_file(scratch.folder() / "f", "new");
  CHECK(contents(scratch.folder() / "f") == "new");
  CHECK(std::distance(std::filesystem::directory_iterator(scratch.folder()), {}) == 1);
}

TEST_CASE("a short write is continued, an interrupted one repeated, and one that writes nothing refused") {
  const Scratch scratch;
  const FileCalls old = file_calls();
  int n = 0;
  file_calls().write = [&](int file, const void* bytes, std::size_t size) -> ssize_t {
    if (++n % 2 == 0) {
      errno = EINTR;
      return -1;
    }
    return old.write(file, bytes, std::min<std::size_t>(size, 3));
  };
  replace_file(scratch.folder() / "f", "in seven pieces, or so");
  file_calls().write = [](int, const void*, std::size_t) -> ssize_t { return 0; };
  CHECK_THROWS_WITH(replace_file(scratch.folder() / "f", "x"), ContainsSubstring("write failed"));
  file_calls() = old;
  CHECK(contents(scratch.folder() / "f") == "in seven pieces, or so");
  CHECK(n > 10);
}

TEST_CASE("each failing call of a replacement is reported, and before the renaming the old file stays") {
  const Scratch scratch;
  const auto path = scratch.write("f", "old");
  const auto fails = [&](const char* call, const char* left) {
    CHECK_THROWS_WITH(replace_file(path, "new"),
                      "cannot write " + path.string() + ": " + call + " failed: " + std::strerror(EIO));
    CHECK(contents(path) == left);
    CHECK(std::distance(std::filesystem::directory_iterator(scratch.folder()), {}) == 1);
    scratch.write("f", "old");
  };
  const auto failing = [](auto...) {
    errno = EIO;
    return -1;
  };
  const Restored system;
  file_calls().open = failing;
  fails("create", "old");
  file_calls() = system.old;
  file_calls().write = failing;
  fails("write", "old");
  file_calls() = system.old;
  file_calls().fsync = failing;
  fails("fsync", "old");
  file_calls() = system.old;
  file_calls().close = [&](int file) {
    system.old.close(file);
    errno = EIO;
    return -1;
  };
  fails("close", "old");
  file_calls() = system.old;
  file_calls().rename = failing;
  fails("rename", "old");
  file_calls() = system.old;
  file_calls().open = [&](const char* at, int flags, mode_t mode) {
    return (flags & O_DIRECTORY) != 0 ? failing() : system.old.open(at, flags, mode);
  };
  fails("open of its folder", "new");
  file_calls() = system.old;
  file_calls().fsync = [&, n = 0](int file) mutable { return ++n == 2 ? failing() : system.old.fsync(file); };
  fails("fsync of its folder", "new");
}

TEST_CASE("a file in the working folder can be replaced by its bare name") {
  const Scratch scratch;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(scratch.folder());
  replace_file("f", "new");
  std::filesystem::current_path(before);
  CHECK(contents(scratch.folder() / "f") == "new");
}

TEST_CASE("the system's own call truncates files") {
  const Scratch scratch;
  const auto path = scratch.write("f", "longer");
  const int file = file_calls().open(path.c_str(), O_WRONLY | O_CLOEXEC, 0);
  REQUIRE(file >= 0);
  CHECK(file_calls().truncate(file, 4) == 0);
  CHECK(file_calls().close(file) == 0);
  CHECK(contents(path) == "long");
}

}  // namespace gradus::files::files_replacement_test
