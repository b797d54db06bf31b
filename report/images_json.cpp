#include <gradus/report/images_json.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <gradus/files/internal/json.h>
#include <gradus/files/internal/png.h>
#include <gradus/files/internal/utf8.h>
#include <gradus/report/internal/json_text.h>
#include <gradus/report/internal/spread_rows.h>
#include <gradus/report/pictures.h>
#include <gradus/train/classify.h>
#include <gradus/train/images.h>

namespace gradus::report {
namespace {

constexpr Index most_misread = 24;
constexpr std::size_t most_images = 10;

// The attention of the classifier to the patches of an image.
std::string attention_of(const train::Run& run, const data::Images& images, Index i) {
  std::vector<std::string> maps;
  for (const PatchAttention& map : patch_attention(*run.classifier, images, i)) {
    std::vector<std::string> weights;
    for (const double weight : map.weights) weights.push_back(json_whole(std::lround(1000 * weight)));
    maps.push_back(json_object(
        {{"layer", json_whole(map.layer + 1)}, {"head", json_whole(map.head + 1)}, {"weights", json_list(weights)}}));
  }
  return json_list(maps);
}

class ImagesJson {
 public:
  ImagesJson(const train::Run& run, const ReportImages& given, std::size_t most_bytes)
      : run_(run),
        given_(given),
        left_(most_bytes),
        found_(train::log_probabilities(*run.classifier, given.images.images)),
        score_(train::score_classes(found_, given.images.labels)) {}

  std::string text() {
    std::vector<std::string> names, confusion, misread, samples;
    for (const std::string& name : train::class_names(run_.config)) names.push_back(files::shown(name));
    for (const std::vector<Index>& row : score_.confusion) {
      std::vector<std::string> counts;
      for (const Index count : row) counts.push_back(json_whole(count));
      confusion.push_back(json_list(counts));
    }
    for (const Index i : sample_images()) add(samples, i, true);
    for (const Index i : train::most_misread(found_, score_, given_.images.labels, most_misread))
      add(misread, i, false);
    const models::VitOptions& o = run_.classifier->vit.options;
    return json_object({{"origin", files::json_string(given_.origin)},
                        {"images", json_whole(score_.images)},
                        {"correct", json_whole(score_.correct)},
                        {"classes", json_strings(names)},
                        {"confusion", json_list(confusion)},
                        {"misread", json_list(misread)},
                        {"samples", json_list(samples)},
                        {"patch_rows", json_whole(o.height / o.patch)},
                        {"patch_columns", json_whole(o.width / o.patch)},
                        {"left_out", json_whole(left_out_)}});
  }

 private:
  // The first image of each label, in the order of labels.
  std::vector<Index> sample_images() const {
    const std::vector<Index>& labels = given_.images.labels;
    std::vector<Index> rows;
    for (Index label = 0; label < std::ssize(score_.confusion) && rows.size() < most_images; ++label) {
      const auto first = std::find(labels.begin(), labels.end(), label);
      if (first != labels.end()) rows.push_back(first - labels.begin());
    }
    return rows;
  }

  void add(std::vector<std::string>& rows, Index i, bool attention) {
    const auto at = static_cast<std::size_t>(i);
    const Index read = score_.found[at];
    std::vector<std::pair<const char*, std::string>> fields = {
        {"label", json_whole(given_.images.labels[at])},
        {"read", json_whole(read)},
        {"probability",
         files::json_number(std::exp(static_cast<double>(found_.data<float>()[i * found_.size(1) + read])))},
        {"picture", files::json_string("data:image/png;base64," + files::base64(png_of(given_.images.images, i)))}};
    if (attention) fields.emplace_back("attention", attention_of(run_, given_.images.images, i));
    std::string text = json_object(fields);
    if (text.size() > left_) {
      ++left_out_;
      return;
    }
    left_ -= text.size();
    rows.push_back(std::move(text));
  }

  const train::Run& run_;
  const ReportImages& given_;
  std::size_t left_;
  Index left_out_ = 0;
  Tensor found_;
  train::ClassScore score_;
};

}  // namespace

ReportImages report_images(const train::Run& run, const std::filesystem::path& test,
                           const std::filesystem::path& labels) {
  const train::DataConfig& d = run.config.data;
  if (!test.empty()) {
    return {fmt::format("images of {}", files::shown(test.string())),
            train::load_test_images(run.config, test, labels)};
  }
  if (!d.task.empty())
    return {fmt::format("test images of the task {}", d.task), train::load_test_images(run.config, d.task)};
  if (!d.valid.empty()) {
    return {fmt::format("validation images of {}", files::shown(d.valid)),
            train::load_test_images(run.config, d.valid, d.valid_labels)};
  }
  return {fmt::format("validation images held out of {}", files::shown(d.train)),
          train::load_dataset(run.config).valid_images};
}

data::LabelledImages spread(const data::LabelledImages& all, std::size_t most) {
  return data::take_rows(all, spread_rows(all.images.count, most));
}

std::string images_json(const train::Run& run, const ReportImages& images, std::size_t most_bytes) {
  return ImagesJson(run, images, most_bytes).text();
}

}  // namespace gradus::report
