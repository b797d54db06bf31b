#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include <gradus/cli/internal/command.h>
#include <gradus/cli/internal/command_line.h>
#include <gradus/data/toy_tasks.h>
#include <gradus/models/registry.h>
#include <gradus/report/report.h>
#include <gradus/train/demo.h>

namespace gradus::cli {
namespace {

namespace fs = std::filesystem;

struct DemoFlags {
  train::DemoOptions options;
  std::string out, page;
};

// A new folder. The destructor removes it with its contents.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "gradus-demo-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw Error(fmt::format("cannot make the folder {}: {}; set TMPDIR or --out", pattern, std::strerror(errno)));
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

int run_in(const fs::path& folder, const DemoFlags& f) {
  train::DemoOptions options = f.options;
  options.out = folder;
  options.provenance = provenance_of_program();
  catch_interrupts();
  train::Progress progress = train::Progress::on_stderr();
  if (!train::run_demo(options, write_result, progress, interrupt_requested)) return interrupt_code();

  const bool kept = !f.out.empty();
  const fs::path page = !f.page.empty() ? fs::path(f.page) : kept ? folder / "report.html" : "gradus-demo.html";
  std::vector<fs::path> runs;
  for (const std::string& model : models::model_names()) runs.push_back(folder / model);
  report::write_report(runs, page, {.pairs = 500, .paths = kept, .program = program_and_version()}, progress);
  print_result("The models side by side, to open in a browser: {}\n", fs::absolute(page).lexically_normal().string());
  return success;
}

}  // namespace

void add_demo(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("demo", "Train the four models on one toy task and compare them");
  auto f = std::make_shared<DemoFlags>();
  command.add_option("--out", f->out, "Folder for the four run directories (default: they are not kept)")
      ->type_name("DIR");
  command
      .add_option("--report", f->page, "Page about the models (default: report.html in --out, else gradus-demo.html)")
      ->type_name("FILE");
  command.add_option("--task", f->options.task, "Toy task (default: reverse)")
      ->check(CLI::IsMember(data::task_names()))
      ->type_name("NAME");
  command.add_option("--steps", f->options.steps, "Training steps per model (default: enough for the comparison)")
      ->transform(whole_from(1, 10000000))
      ->type_name("N");
  command.add_option("--seed", f->options.seed, "Seed of all random numbers (default: 1)")
      ->transform(whole_from(0, 2000000000))
      ->type_name("N");
  add_threads(command);
  command.add_flag("--overwrite", f->options.overwrite, "Replace runs in --out");
  command.footer(
      "The plain RNN must hold the whole source in its last state, and fails on long ones. Attention reads the source "
      "for every word. A page with curves, outputs and attention of the models is written at the end.\n\n"
      "Examples:\n"
      "  gradus demo\n"
      "  gradus demo --task dates --out runs/demo");
  command.callback([f, &action] {
    action = [f] {
      if (!f->out.empty()) return run_in(f->out, *f);
      return run_in(TemporaryFolder().path(), *f);
    };
  });
}

}  // namespace gradus::cli
