#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <istream>

#include <gradus/autograd/foundation/error.h>
#include <gradus/files/internal/file_buffer.h>
#include <gradus/files/internal/file_calls.h>
#include <gradus/files/internal/regular_file.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::files::files_regular_file_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;

std::string text_of(int file) {
  FileBuffer buffer(file);
  std::istream in(&buffer);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a regular file is read, and one of a run must have one name") {
  const Scratch scratch;
  const auto path = scratch.write("f", "text");
  for (const Names names : {Names::any, Names::one}) {
    const RegularFile file(path, O_RDONLY, names);
    CHECK(file.size() == 4);
    CHECK(text_of(file.descriptor()) == "text");
    check_regular(path);
  }
  check_regular(scratch.folder() / "none");
  const std::string large(200000, 'x');
  CHECK(text_of(RegularFile(scratch.write("large", large), O_RDONLY, Names::one).descriptor()) == large);

  const auto refused = [](const std::filesystem::path& at, Names names, const std::string& reason) {
    CHECK_THROWS_WITH(RegularFile(at, O_RDONLY, names), ContainsSubstring(at.string() + ": " + reason));
    if (names == Names::one) CHECK_THROWS_WITH(check_regular(at), ContainsSubstring(at.string() + ": " + reason));
  };
  std::filesystem::create_symlink(path, scratch.folder() / "link");
  std::filesystem::create_symlink(scratch.folder() / "none", scratch.folder() / "dangling");
  std::filesystem::create_symlink("loop", scratch.folder() / "loop");
  REQUIRE(::mkfifo((scratch.folder() / "pipe").c_str(), 0666) == 0);
  refused(scratch.folder() / "link", Names::one, "a link, where a run has a file of its own");
  refused(scratch.folder() / "dangling", Names::one, "a link, where a run has a file of its own");
  for (const Names names : {Names::any, Names::one}) {
    refused(scratch.folder() / "pipe", names, "not a regular file");
    refused(scratch.folder(), names, "not a regular file");
  }
  CHECK(RegularFile(scratch.folder() / "link", O_RDONLY, Names::any).size() == 4);
  CHECK_THROWS_WITH(RegularFile(scratch.folder() / "loop", O_RDONLY, Names::any),
                    ContainsSubstring("loop: cannot be opened: Too many levels of symbolic links"));
  CHECK_THROWS_WITH(RegularFile(scratch.folder() / "none", O_RDONLY, Names::one),
                    ContainsSubstring("none: cannot be opened: No such file or directory"));
  std::filesystem::create_hard_link(path, scratch.folder() / "second");
  refused(path, Names::one, "a file of 2 names (hard links), where a run has a file of its own");
  CHECK(RegularFile(path, O_RDONLY, Names::any).size() == 4);
}

TEST_CASE("a read that fails is an error of the stream") {
  const Scratch scratch;
  const RegularFile file(scratch.write("f", "text"), O_WRONLY, Names::one);
  FileBuffer buffer(file.descriptor());
  std::istream in(&buffer);
  char c = 0;
  in.read(&c, 1);
  CHECK(in.bad());
}

TEST_CASE("a call that a signal interrupts is repeated, and a closed file is closed once") {
  int calls = 0;
  const auto interrupted = [&] {
    errno = EINTR;
    return ++calls < 3 ? -1 : calls;
  };
  CHECK(uninterrupted(interrupted) == 3);
  const FileCalls old = file_calls();
  int closed = 0;
  for (const int reason : {EINTR, EIO}) {
    file_calls().close = [&](int) {
      ++closed;
      errno = reason;
      return -1;
    };
    CHECK(close_written(-1) == (reason == EINTR ? 0 : EIO));
  }
  file_calls() = old;
  CHECK(closed == 2);
}

}  // namespace gradus::files::files_regular_file_test
