#pragma once

#include <sys/wait.h>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "catch.h"
#include "data_scratch.h"

namespace gradus {

/// The path of the built program, which is in a folder above the tests.
inline std::string program() {
  namespace fs = std::filesystem;
  for (fs::path at = fs::read_symlink("/proc/self/exe").parent_path(); at.has_relative_path(); at = at.parent_path())
    if (fs::is_regular_file(at / "gradus")) return (at / "gradus").string();
  FAIL("the program was not built: build the target gradus");
  return "";
}

struct Ran {
  int code;  // -1 after a signal
  std::string out, err;
};

inline std::string last_line(const std::string& text) {
  const std::string body = text.substr(0, text.size() - 1);
  return body.substr(body.rfind('\n') + 1);
}

/// Runs the program in the folder and waits for its end. `before`: a command of the shell, such as a limit.
inline Ran run(const data::Scratch& scratch, const std::string& arguments, const std::string& input = "",
               const std::string& before = ":") {
  const std::string folder = scratch.folder().string();
  scratch.write("stdin", input);
  const std::string command =
      "cd " + folder + " && " + before + " && " + program() + " " + arguments + " < stdin > stdout 2> stderr";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, data::contents(scratch.folder() / "stdout"),
          data::contents(scratch.folder() / "stderr")};
}

}  // namespace gradus
