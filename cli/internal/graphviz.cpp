#include <gradus/cli/internal/graphviz.h>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

#include <gradus/autograd/foundation/error.h>
#include <gradus/files/internal/file_replacement.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::cli {
namespace {

namespace fs = std::filesystem;

// A folder for the files between the two programs; removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "gradus-graph-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw Error(fmt::format("cannot make a temporary folder {}: {}", files::shown(name), std::strerror(errno)));
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void run_dot(const fs::path& in, const fs::path& out) {
  std::string words[] = {"dot", "-Tsvg", "-o", out.string(), in.string()};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), words[4].data(), nullptr};
  pid_t child = 0;
  const int problem = ::posix_spawnp(&child, "dot", nullptr, nullptr, arguments, environ);
  if (problem == ENOENT) {
    throw Error(
        "there is no program dot to draw the graph: install Debian's package graphviz (apt install graphviz), or write "
        "the graph as text with --dot");
  }
  if (problem != 0) throw Error(fmt::format("cannot start dot: {}", std::strerror(problem)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw Error("dot did not draw the graph; --dot writes its input");
}

}  // namespace

void draw_svg(const std::string& dot, const fs::path& file) {
  const TemporaryFolder folder;
  const fs::path in = folder.path() / "graph.dot", out = folder.path() / "graph.svg";
  files::replace_file(in, dot);
  run_dot(in, out);
  std::ifstream drawn(out, std::ios::binary);
  const std::string svg{std::istreambuf_iterator<char>(drawn), {}};
  if (!drawn || svg.empty()) throw Error("dot wrote no picture");
  files::replace_file(file, svg);
}

}  // namespace gradus::cli
