#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include <gradus/cli/internal/command.h>
#include <gradus/cli/internal/launch.h>
#include <gradus/files/internal/json.h>
#include <gradus/train/classify.h>
#include <gradus/train/images.h>
#include <gradus/train/run.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;

struct ClassifyFlags {
  std::string run, input, checkpoint = "best";
  Index n_best = 1;
  bool json = false;
};

int classify(const ClassifyFlags& f) {
  const Run run =
      load_run(RunDirectory::open(f.run), f.checkpoint == "best" ? Which::best : Which::last, Reads::images);
  const data::Images images = load_images(run.config, f.input);
  const std::vector<std::string> names = class_names(run.config);
  const Tensor found = log_probabilities(*run.classifier, images, {}, ranks());
  const Index classes = found.size(1), n_best = std::min(f.n_best, classes);
  std::vector<Index> order(static_cast<std::size_t>(classes));
  for (Index i = 0; i < images.count; ++i) {
    const float* row = found.data<float>() + i * classes;
    std::iota(order.begin(), order.end(), Index{0});
    std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return row[a] > row[b]; });
    for (Index k = 0; k < n_best; ++k) {
      const Index label = order[static_cast<std::size_t>(k)];
      const double probability = std::exp(static_cast<double>(row[label]));
      const std::string& name = names[static_cast<std::size_t>(label)];
      if (f.json) {
        print_result("{}\n",
                     files::json_line({{"image", i}, {"label", label}, {"class", name}, {"probability", probability}}));
      } else {
        print_result("{}\t{}\t{:.4f}\n", i, name, probability);
      }
    }
  }
  return success;
}

}  // namespace

void add_classify(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("classify", "Print the class of each image of a file");
  auto f = std::make_shared<ClassifyFlags>();
  command.add_option("--run", f->run, "Run directory of a model of images")->required()->type_name("DIR");
  command.add_option("--input", f->input, "Images in the idx format, plain or gzip")->required()->type_name("FILE");
  command.add_option("--n-best", f->n_best, "Classes printed per image, the most probable first (default: 1)")
      ->transform(whole_from(1, 1'000'000))
      ->type_name("N");
  command.add_flag("--json", f->json, "Print JSON objects with image, label, class and probability");
  command.add_option("--checkpoint", f->checkpoint, "best (default) or last")
      ->check(CLI::IsMember({"best", "last"}))
      ->type_name("NAME");
  add_threads(command);
  command.footer(
      "Prints image<TAB>class<TAB>probability for each image, in order. Images are counted from 0. With --n-best N an\n"
      "image has N lines.\n\n"
      "Example:\n"
      "  gradus classify --run runs/fashion --input /usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz | "
      "head");
  command.callback([f, &action] { action = [f] { return classify(*f); }; });
}

}  // namespace gradus::cli
