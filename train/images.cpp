#include <gradus/train/images.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/foundation/internal/fnv1a.h>
#include <gradus/data/image_tasks.h>
#include <gradus/data/internal/counted.h>
#include <gradus/models/registry.h>
#include <gradus/train/internal/held_out.h>
#include <gradus/train/internal/image_settings.h>

namespace gradus::train {
namespace {

using data::Images;
using data::LabelledImages;

std::string size_text(Index channels, Index height, Index width) {
  return fmt::format("{} x {} with {}", height, width, data::counted(channels, "channel"));
}

void check_size(const Images& images, const models::ImageOptions& own, const std::string& file) {
  if (images.channels == own.channels && images.height == own.height && images.width == own.width) return;
  throw Error(fmt::format("{}: its images are {}; those of the run are {}", file,
                          size_text(images.channels, images.height, images.width),
                          size_text(own.channels, own.height, own.width)));
}

void check_labels(const std::vector<Index>& labels, Index classes, const std::string& file) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < classes) continue;
    throw Error(fmt::format("{}: label {} is {}; the classes of the run are 0 to {} (model.classes = {})", file, i,
                            labels[i], classes - 1, classes));
  }
}

// Sets what the configuration leaves to the training images.
void settle(RunConfig& config, const LabelledImages& all) {
  models::ImageOptions& o = config.image;
  const auto set = [](Index& option, Index value) {
    if (option == 0) option = value;
  };
  set(o.channels, all.images.channels);
  set(o.height, all.images.height);
  set(o.width, all.images.width);
  if (o.classes == 0 && (!config.data.class_names.empty() || !config.data.task.empty()))
    o.classes = std::ssize(class_names(config));
  set(o.classes, 1 + *std::max_element(all.labels.begin(), all.labels.end()));
}

void settle_pixels(models::ImageOptions& o, const Images& images) {
  if (!o.pixel_mean.empty() && !o.pixel_std.empty()) return;
  data::PixelStatistics found = pixel_statistics(images);
  for (double& deviation : found.deviation)
    if (deviation == 0) deviation = 1;  // a channel of one value
  if (o.pixel_mean.empty()) o.pixel_mean = found.mean;
  if (o.pixel_std.empty()) o.pixel_std = found.deviation;
}

bool held_out(const Images& images, Index i, double share) {
  const auto* first = reinterpret_cast<const char*>(images.pixels.data()) + i * images.numbers();
  Fnv1a hash;
  hash.take(std::string_view(first, static_cast<std::size_t>(images.numbers())));
  return is_held_out(hash, share);
}

void hold_out(Dataset& set, const LabelledImages& all, const std::string& file, const Notes& notes) {
  std::vector<Index> train, valid;
  for (Index i = 0; i < all.images.count; ++i)
    (held_out(all.images, i, set.config.data.held_out) ? valid : train).push_back(i);
  if (train.empty() || valid.empty()) {
    throw Error(
        fmt::format("{}: of its {} none is left to {}; give more images, or files to validate on (data.valid, "
                    "data.valid_labels)",
                    file, data::counted(all.images.count, "image"), train.empty() ? "train on" : "validate on"));
  }
  set.train_images = take_rows(all, train);
  set.valid_images = take_rows(all, valid);
  if (notes) notes(fmt::format("held out {} images to validate on", valid.size()));
}

void note_images(const LabelledImages& all, const std::string& file, const Notes& notes) {
  if (!notes) return;
  notes(fmt::format("{}: {} of {}", file, data::counted(all.images.count, "image"),
                    size_text(all.images.channels, all.images.height, all.images.width)));
}

void note_changes(const TrainConfig& config, const Notes& notes) {
  if (!notes || (config.crop == 0 && !config.flip)) return;
  std::string what = config.crop == 0 ? "" : fmt::format("move by up to {} pixels (train.crop)", config.crop);
  if (config.flip) what += fmt::format("{}half of them are mirrored (train.flip)", what.empty() ? "" : ", ");
  notes("note: training images change at random: " + what);
}

}  // namespace

bool reads_images(const RunConfig& config) { return models::model_info(config.model.model).images; }

std::vector<std::string> class_names(const RunConfig& config) {
  const DataConfig& d = config.data;
  std::vector<std::string> names;
  for (std::size_t at = 0; at < d.class_names.size();) {
    const std::size_t comma = std::min(d.class_names.find(',', at), d.class_names.size());
    names.push_back(d.class_names.substr(at, comma - at));
    at = comma + 1;
  }
  if (names.empty() && data::is_image_task(d.task)) names = data::image_task_classes(d.task);
  for (Index i = std::ssize(names); i < config.image.classes; ++i) names.push_back(fmt::format("{}", i));
  return names;
}

Dataset load_image_dataset(const RunConfig& asked, const Notes& notes) {
  Dataset set{.config = asked};
  RunConfig& config = set.config;
  const DataConfig& d = config.data;
  const data::ImageFiles files =
      d.task.empty() ? data::ImageFiles{d.train, d.labels} : data::image_task_files(d.task, data::Split::train);
  const std::string train_file = files.images.string();
  LabelledImages all = data::read_labelled_images(files.images, files.labels);
  note_images(all, train_file, notes);
  settle(config, all);
  check_size(all.images, config.image, train_file);
  check_labels(all.labels, config.image.classes, files.labels.string());
  check_image_settings(config);
  if (d.valid.empty()) {
    hold_out(set, all, train_file, notes);
  } else {
    set.train_images = std::move(all);
    set.valid_images = load_test_images(config, d.valid, d.valid_labels, notes);
  }
  settle_pixels(config.image, set.train_images.images);
  note_changes(config.train, notes);
  return set;
}

Images load_images(const RunConfig& config, const std::filesystem::path& file) {
  Images images = data::read_images(file);
  check_size(images, config.image, file.string());
  return images;
}

LabelledImages load_test_images(const RunConfig& config, const std::filesystem::path& images,
                                const std::filesystem::path& labels, const Notes& notes) {
  LabelledImages all = data::read_labelled_images(images, labels);
  note_images(all, images.string(), notes);
  check_size(all.images, config.image, images.string());
  check_labels(all.labels, config.image.classes, labels.string());
  return all;
}

LabelledImages load_test_images(const RunConfig& config, const std::string& task, const Notes& notes) {
  const data::ImageFiles files = data::image_task_files(task, data::Split::test);
  return load_test_images(config, files.images, files.labels, notes);
}

}  // namespace gradus::train
