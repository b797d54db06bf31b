#include <gradus/train/internal/image_settings.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <gradus/data/image_tasks.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/train/images.h>
#include <gradus/train/settings.h>

namespace gradus::train {
namespace {

// Throws if a file is set that the model does not read.
void refuse_file(const std::string& file, const char* key, const std::string& reason) {
  if (!file.empty()) throw ConfigError(fmt::format("{} is set, and {}", key, reason));
}

void check_model_of_sequences(const RunConfig& c) {
  if (data::is_image_task(c.data.task)) {
    throw ConfigError(fmt::format("the task {} has images, and {} reads text: choose --model vit (model.name)",
                                  c.data.task, c.model.model));
  }
  const std::string reason = fmt::format("{} reads text: choose --model vit (model.name), or remove it", c.model.model);
  refuse_file(c.data.labels, "data.labels", reason);
  refuse_file(c.data.valid_labels, "data.valid_labels", reason);
  if (c.train.best_by == BestBy::accuracy)
    throw ConfigError(fmt::format("train.best_by = accuracy is of images, and {} reads text", c.model.model));
}

void check_files(const DataConfig& d) {
  if (!d.task.empty() && !data::is_image_task(d.task)) {
    throw ConfigError(
        fmt::format("the task {} has text, and vit classifies images: choose {}, or name files (--train, "
                    "--labels)",
                    d.task, fmt::join(data::image_task_names(), ", ")));
  }
  const char* reason = "vit reads images and labels: name the labels in data.labels and data.valid_labels";
  refuse_file(d.train_target, "data.train_target", reason);
  refuse_file(d.valid_target, "data.valid_target", reason);
  if (!d.task.empty()) {
    refuse_file(d.labels, "data.labels", fmt::format("the task {} has its own labels: remove one of them", d.task));
    refuse_file(d.valid_labels, "data.valid_labels", fmt::format("the task {} has no such file: remove it", d.task));
  }
  const auto check_pair = [](const std::string& images, const std::string& labels, const char* key,
                             const char* labels_key) {
    if (images.empty() == labels.empty()) return;
    throw ConfigError(fmt::format("{} is set, {} is not: vit needs a file of images and the file of their labels",
                                  images.empty() ? labels_key : key, images.empty() ? key : labels_key));
  };
  check_pair(d.train, d.labels, "data.train", "data.labels");
  check_pair(d.valid, d.valid_labels, "data.valid", "data.valid_labels");
}

void check_model_of_images(const RunConfig& c) {
  check_files(c.data);
  if (c.train.best_by != BestBy::accuracy && c.train.best_by != BestBy::loss) {
    throw ConfigError(fmt::format("train.best_by = {} is of text, and vit classifies images: accuracy or loss",
                                  to_toml(setting_named("train.best_by").get(c))));
  }
  if (c.train.batch_by == data::BatchBy::tokens)
    throw ConfigError("train.batch_by = tokens is of text, and vit classifies images: sentences, which counts images");
  if (c.train.scheduled_sampling > 0 || c.train.r_drop > 0) {
    throw ConfigError(fmt::format("train.{} is of text, and vit classifies images: set it to 0",
                                  c.train.r_drop > 0 ? "r_drop" : "scheduled_sampling"));
  }
  const models::ImageOptions& o = c.image;
  if (o.height % o.patch != 0 || o.width % o.patch != 0) {
    throw ConfigError(fmt::format("model.patch = {} does not divide model.height = {} and model.width = {}", o.patch,
                                  o.height, o.width));
  }
  if (o.classes == 0 || c.data.class_names.empty()) return;
  if (const auto names = std::ssize(class_names(c)); names > o.classes)
    throw ConfigError(fmt::format("data.class_names has {} names, and model.classes is {}", names, o.classes));
}

}  // namespace

void check_image_settings(const RunConfig& config) {
  reads_images(config) ? check_model_of_images(config) : check_model_of_sequences(config);
}

}  // namespace gradus::train
