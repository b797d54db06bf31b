#include <gradus/cli/internal/image_eval.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <vector>

#include <gradus/cli/internal/command.h>
#include <gradus/cli/internal/launch.h>
#include <gradus/data/image_tasks.h>
#include <gradus/files/internal/json.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/classify.h>
#include <gradus/train/images.h>
#include <gradus/train/progress.h>
#include <gradus/train/report.h>
#include <gradus/train/run.h>

namespace gradus::cli {
namespace {

using namespace gradus::train;
using Names = std::vector<std::string>;
using Rows = std::vector<std::vector<std::string>>;

data::LabelledImages load(const ImageEvalFlags& f, const RunConfig& config) {
  if (!f.task.empty() && !data::is_image_task(f.task)) {
    throw UsageError(fmt::format("--task: {} has text, and the run in {} classifies images; expected {}", f.task, f.run,
                                 fmt::join(data::image_task_names(), ", ")));
  }
  if (!f.task.empty()) return load_test_images(config, f.task, say_line);
  if (f.test.empty() || f.labels.empty())
    throw UsageError("eval of a run of images needs --test IMAGES and --labels LABELS, or --task NAME");
  return load_test_images(config, f.test, f.labels, say_line);
}

std::string share(Index part, Index whole) {
  return whole == 0 ? "" : fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

// One row per label with the classes that its images were read as, then the share of correct ones.
void print_confusion(const ClassScore& score, const Names& names) {
  Rows rows(1, {"label"});
  const std::size_t classes = score.confusion.size();
  for (std::size_t c = 0; c < classes; ++c) rows[0].push_back(fmt::format("{}", c));
  rows[0].insert(rows[0].end(), {"images", "correct"});
  for (std::size_t label = 0; label < classes; ++label) {
    const std::vector<Index>& counts = score.confusion[label];
    const std::string number = fmt::format("{}", label), name = files::shown(names[label]);
    std::vector<std::string>& row = rows.emplace_back(1, name == number ? number : number + " " + name);
    Index all = 0;
    for (const Index count : counts) {
      row.push_back(fmt::format("{}", count));
      all += count;
    }
    row.push_back(fmt::format("{}", all));
    row.push_back(share(counts[label], all));
  }
  print_result("{}\n", table(rows));
}

void print_misread(const Tensor& found, const ClassScore& score, const std::vector<Index>& labels, const Names& names,
                   Index most) {
  Rows rows(1, {"most misread image", "label", "read as", "probability"});
  for (const Index i : most_misread(found, score, labels, most)) {
    const auto at = static_cast<std::size_t>(i);
    const Index read = score.found[at];
    const float logarithm = found.data<float>()[i * found.size(1) + read];
    rows.push_back({fmt::format("{}", i), files::shown(names[static_cast<std::size_t>(labels[at])]),
                    files::shown(names[static_cast<std::size_t>(read)]), fmt::format("{:.4f}", std::exp(logarithm))});
  }
  if (rows.size() > 1) print_result("{}\n", table(rows));
}

}  // namespace

bool is_run_of_images(const std::string& directory) {
  return reads_images(read_config(RunDirectory::open(directory).config()));
}

int evaluate_images(const ImageEvalFlags& f) {
  const Run run =
      load_run(RunDirectory::open(f.run), f.checkpoint == "best" ? Which::best : Which::last, Reads::images);
  const data::LabelledImages test = load(f, run.config);
  const Tensor found = log_probabilities(*run.classifier, test.images, {}, ranks());
  const ClassScore score = score_classes(found, test.labels);
  const Names names = class_names(run.config);
  print_confusion(score, names);
  print_misread(found, score, test.labels, names, f.misread);
  print_result("{}\n", files::json_line({{"images", score.images},
                                         {"correct", score.correct},
                                         {"accuracy", score.accuracy()},
                                         {"loss", score.loss},
                                         {"checkpoint", f.checkpoint}}));
  return success;
}

}  // namespace gradus::cli
