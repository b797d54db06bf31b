#include <gradus/data/image_tasks.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include <gradus/autograd/foundation/error.h>

namespace gradus::data {
namespace {

struct ImageTaskRow {
  const char* name;
  const char* package;
  ImageFiles train, test;  // below the folder of the data sets
  std::vector<std::string> classes;
};

const std::vector<ImageTaskRow>& tasks() {
  static const std::vector<ImageTaskRow> all = {
      {"fashion-mnist",
       "dataset-fashion-mnist",
       {"fashion-mnist/train-images-idx3-ubyte.gz", "fashion-mnist/train-labels-idx1-ubyte.gz"},
       {"fashion-mnist/t10k-images-idx3-ubyte.gz", "fashion-mnist/t10k-labels-idx1-ubyte.gz"},
       {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}},
  };
  return all;
}

const ImageTaskRow& at(const std::string& name) {
  for (const ImageTaskRow& task : tasks())
    if (task.name == name) return task;
  throw Error(
      fmt::format("there is no task of images \"{}\"; choose one of {}", name, fmt::join(image_task_names(), ", ")));
}

}  // namespace

std::vector<std::string> image_task_names() {
  std::vector<std::string> names;
  for (const ImageTaskRow& task : tasks()) names.emplace_back(task.name);
  return names;
}

bool is_image_task(const std::string& name) {
  return std::any_of(tasks().begin(), tasks().end(), [&](const ImageTaskRow& task) { return task.name == name; });
}

std::vector<std::string> all_task_names() {
  std::vector<std::string> names = task_names();
  for (const ImageTaskRow& task : tasks()) names.emplace_back(task.name);
  return names;
}

ImageFiles image_task_files(const std::string& name, Split split, const std::filesystem::path& datasets) {
  const ImageTaskRow& task = at(name);
  const ImageFiles& of_split = split == Split::test ? task.test : task.train;
  const ImageFiles files{datasets / of_split.images, datasets / of_split.labels};
  for (const std::filesystem::path& file : {files.images, files.labels}) {
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) continue;
    throw Error(
        fmt::format("the task {} needs {}, which is absent: install Debian's package {} (apt-get install {}), or "
                    "name files of your own",
                    name, file.string(), task.package, task.package));
  }
  return files;
}

std::vector<std::string> image_task_classes(const std::string& name) { return at(name).classes; }

}  // namespace gradus::data
