#include <fmt/format.h>

#include <cmath>
#include <limits>

#include <gradus/autograd/foundation/parallel.h>
#include <gradus/checks/model_check.h>
#include <gradus/models/registry.h>
#include <gradus/train/classify.h>
#include <gradus/train/images.h>
#include <gradus/train/memory_estimate.h>
#include <gradus/train/start.h>

#include "idx_files.h"
#include "small_run.h"
#include "thread_ranks.h"

// A model of images: the same trainer, checkpoints and promises as for text.
namespace gradus::train::train_images_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::BrightThirds;
using data::Scratch;

Assignments settings_of(const Scratch& scratch, const Assignments& more = {}) {
  const std::string folder = scratch.folder().string() + "/";
  Assignments a = {{"model.name", "vit"},
                   {"data.train", folder + "train.idx.gz"},
                   {"data.labels", folder + "train-labels.idx"},
                   {"model.dim", "8"},
                   {"model.heads", "2"},
                   {"model.ffn", "8"},
                   {"model.encoder_layers", "1"},
                   {"model.patch", "4"},
                   {"model.dropout", "0.1"},
                   {"data.held_out", "0.2"},
                   {"train.batch", "10"},
                   {"train.crop", "1"},
                   {"train.flip", "false"},
                   {"train.lr", "0.02"},
                   {"train.warmup", "0"},
                   {"train.epochs", "12"},
                   {"train.min_steps", "0"},
                   {"train.evaluate_every", "5"},
                   {"train.save_every", "2"},
                   {"train.average", "0.5"},
                   {"train.log_every", "3"}};
  a.insert(a.end(), more.begin(), more.end());
  return a;
}

RunConfig config_of(const Scratch& scratch, const Assignments& more = {}) {
  return resolve({.preset = "tiny", .assignments = settings_of(scratch, more)});
}

}  // namespace

TEST_CASE("a model of images trains with the same bits at any number of threads and after any interruption") {
  const Scratch scratch;
  BrightThirds(60).write(scratch, "train");
  const RunConfig config = config_of(scratch);
  const auto in = [&](const char* name) { return scratch.folder() / name; };
  const int threads_before = threads();
  const Outcome whole = undisturbed(config, in("whole"));
  set_threads(1);
  undisturbed(config, in("one_thread"));
  set_threads(threads_before);
  check_same_files(in("whole"), in("one_thread"));
  CHECK(whole.score.pairs > 3);
  CHECK(whole.position.best > 0.8);  // accuracy
  CHECK_FALSE(std::filesystem::exists(in("whole") / "source.vocab"));
  CHECK_THAT(data::contents(in("whole") / "metrics.jsonl"), ContainsSubstring("\"valid_accuracy\":"));

  {
    Trained t(config);
    Progress progress = Progress::silent();
    const RunDirectory directory = t.make(in("stopped"));
    t.trainer.run(progress, &directory, [&] { return t.trainer.position().step >= 1; });
  }
  while (go_on(in("stopped"), 3).ending == Ending::interrupted) continue;
  check_same_files(in("whole"), in("stopped"));

  // The run is read with what its images determined.
  const RunDirectory directory = RunDirectory::open(in("whole"));
  const Run run = load_run(directory, Which::best, Reads::images);
  CHECK(run.model == nullptr);
  CHECK(run.config.image.height == 4);
  CHECK(run.config.image.classes == 3);
  CHECK(run.config.image.pixel_mean.size() == 1);
  CHECK_THROWS_WITH(load_run(directory), ContainsSubstring("its model is vit, which classifies images; eval measures"));

  // Another run starts with its parameters.
  const RunConfig next = resolve({.preset = "tiny",
                                  .run = directory.config(),
                                  .assignments = {{"data.train", config.data.train},
                                                  {"data.labels", config.data.labels},
                                                  {"data.held_out", "0.2"},
                                                  {"train.epochs", "1"}}});
  CHECK(next.image.pixel_mean == run.config.image.pixel_mean);
  Trained t(next);
  CHECK_THAT(take_parameters(start_of(run, "whole"), *t.run.store), ContainsSubstring("parameters from whole"));
  CHECK(load_vocabularies(directory, run.config).source.size() == 4);

  // Its images are classified, and other images are refused.
  BrightThirds(20, 2).write(scratch, "test");
  const data::LabelledImages test = load_test_images(run.config, in("test.idx.gz"), in("test-labels.idx"));
  const Tensor found = log_probabilities(*run.classifier, test.images);
  const ClassScore score = score_classes(found, test.labels);
  CHECK(score.accuracy() > 0.8);
  CHECK(std::ssize(most_misread(found, score, test.labels, 20)) == score.images - score.correct);
  CHECK_THROWS_AS(log_probabilities(*run.classifier, test.images, [] { return true; }), models::Stopped);

  // So are they on ranks, some of which have none.
  const BrightThirds many(150, 4);
  many.write(scratch, "many");
  const data::Images images = load_images(run.config, in("many.idx.gz"));
  const auto alone = log_probabilities(*run.classifier, images).to_vector<float>();
  for (const Index ranks : {1, 2, 5}) {
    ThreadRanks::run(ranks, [&](Ranks& own) {
      if (log_probabilities(*run.classifier, images, {}, &own).to_vector<float>() != alone)
        throw Error("other probabilities");
      bool stopped = false;
      try {
        log_probabilities(
            *run.classifier, images, [&] { return own.rank() + 1 == ranks; }, &own);
      } catch (const models::Stopped&) {
        stopped = true;
      }
      if (!stopped) throw Error("not stopped on all ranks");
    });
  }
  scratch.write("wide.idx", data::idx_header(8, {1, 4, 8}) + std::string(32, 'a'));
  CHECK_THROWS_WITH(
      load_images(run.config, in("wide.idx")),
      ContainsSubstring("its images are 4 x 8 with 1 channel; those of the run are 4 x 12 with 1 channel"));
  scratch.write("four.idx", data::idx_header(8, {20}) + std::string(20, '\3'));
  CHECK_THROWS_WITH(load_test_images(run.config, in("test.idx.gz"), in("four.idx")),
                    ContainsSubstring("label 0 is 3; the classes of the run are 0 to 2 (model.classes = 3)"));

  // A resumed run needs the same images.
  BrightThirds(60, 3).write(scratch, "train");
  CHECK_THROWS_WITH(go_on(in("whole")), ContainsSubstring("it was trained on other images than ") &&
                                            ContainsSubstring("train-labels.idx gives now"));

  // The gradients of the trained model are right.
  const checks::DoubledClassifier doubled = checks::doubled(*run.store, run.config.model, run.config.image);
  const Tensor pixels = Tensor::uniform({2, 1, 4, 12}, 0, 1, Philox(1, 0), DType::f64);
  const GradcheckReport report =
      checks::check_model(*doubled.model, *doubled.store, pixels, {0, 2}, 0.1, checks::model_options());
  INFO(to_string(report));
  CHECK(report.passed());
}

TEST_CASE("settings of text and of images are not mixed") {
  const auto refused = [](const Assignments& assignments, const std::string& message) {
    CAPTURE(assignments);
    CHECK_THROWS_WITH(resolve({.assignments = assignments}), ContainsSubstring(message));
  };
  const auto of_vit = [&](Assignments more, const std::string& message) {
    more.emplace_back("model.name", "vit");
    refused(more, message);
  };
  refused({{"data.task", "fashion-mnist"}},
          "fashion-mnist has images, and rnn-attention reads text: choose --model vit");
  refused({{"data.train", "a"}, {"data.labels", "b"}}, "data.labels is set, and rnn-attention reads text");
  refused({{"data.train", "a"}, {"data.valid_labels", "b"}}, "data.valid_labels is set, and rnn-attention");
  refused({{"data.task", "copy"}, {"train.best_by", "accuracy"}}, "train.best_by = accuracy is of images");
  of_vit({{"data.task", "copy"}}, "the task copy has text, and vit classifies images: choose fashion-mnist");
  of_vit({{"data.task", "copi"}}, "data.task = \"copi\" is not allowed");
  of_vit({}, "there is nothing to train on");
  of_vit({{"data.train", "a"}}, "data.train is set, data.labels is not");
  of_vit({{"data.train", "a"}, {"data.labels", "b"}, {"data.valid_labels", "c"}},
         "data.valid_labels is set, data.valid is not");
  of_vit({{"data.train", "a"}, {"data.train_target", "b"}}, "data.train_target is set, and vit reads images");
  of_vit({{"data.task", "fashion-mnist"}, {"data.labels", "b"}}, "the task fashion-mnist has its own labels");
  const Assignments files = {{"data.train", "a"}, {"data.labels", "b"}};
  const auto with_files = [&](const Assignments& more, const std::string& message) {
    Assignments all = files;
    all.insert(all.end(), more.begin(), more.end());
    of_vit(all, message);
  };
  with_files({{"train.best_by", "bleu"}}, "train.best_by = \"bleu\" is of text");
  with_files({{"train.batch_by", "tokens"}}, "train.batch_by = tokens is of text");
  with_files({{"train.r_drop", "1"}}, "train.r_drop is of text, and vit classifies images");
  with_files({{"train.scheduled_sampling", "0.1"}}, "train.scheduled_sampling is of text");
  with_files({{"model.height", "6"}}, "model.patch = 4 does not divide model.height = 6");
  with_files({{"data.class_names", "a,b,c"}, {"model.classes", "2"}},
             "data.class_names has 3 names, and model.classes");
  with_files({{"model.pixel_mean", "0.5,2"}}, "model.pixel_mean = \"0.5,2\" is not allowed: numbers, separated by");
  CHECK_NOTHROW(resolve({.assignments = {{"model.name", "vit"}, {"data.task", "fashion-mnist"}}}));
  for (const char* preset : {"tiny", "small", "base"})
    CHECK_NOTHROW(resolve({.preset = preset, .assignments = {{"model.name", "vit"}, {"data.task", "fashion-mnist"}}}));
  CHECK_THROWS_WITH(
      models::make_model(nn::ParameterStore(1).root(), {.model = "vit", .source_vocab = 1, .target_vocab = 1}),
      ContainsSubstring("the model vit classifies images"));
}

TEST_CASE("the images determine what the configuration leaves open") {
  const Scratch scratch;
  BrightThirds(40).write(scratch, "train");
  BrightThirds(6, 2).write(scratch, "valid");
  const std::string folder = scratch.folder().string() + "/";
  std::vector<std::string> notes;
  const Dataset set = load_dataset(config_of(scratch, {{"data.valid", folder + "valid.idx.gz"},
                                                       {"data.valid_labels", folder + "valid-labels.idx"},
                                                       {"data.class_names", "left,middle,right,none"},
                                                       {"model.pixel_std", "0.5"},
                                                       {"train.flip", "true"}}),
                                   [&](const std::string& note) { notes.push_back(note); });
  CHECK(set.train_images.images.count == 40);
  CHECK(set.valid_images.images.count == 6);
  const models::ImageOptions& o = set.config.image;
  CHECK(std::tuple(o.channels, o.height, o.width, o.classes) == std::tuple(1, 4, 12, 4));
  CHECK(class_names(set.config) == std::vector<std::string>{"left", "middle", "right", "none"});
  CHECK(o.pixel_mean == pixel_statistics(set.train_images.images).mean);
  CHECK(o.pixel_std == std::vector<double>{0.5});
  REQUIRE(notes.size() == 3);
  CHECK_THAT(notes[0], ContainsSubstring("train.idx.gz: 40 images of 4 x 12 with 1 channel"));
  CHECK(notes[2] ==
        "note: training images change at random: move by up to 1 pixels (train.crop), half of them are "
        "mirrored (train.flip)");
  CHECK(from_toml(to_toml(set.config), "config.toml").image.pixel_mean == o.pixel_mean);
  for (const char* key : {"model.channels", "model.pixel_std"}) CHECK(is_left_to_data(key));
  CHECK_THAT(estimate_image_memory(set.config, 1000, set.train_images.images, 2)->text(),
             ContainsSubstring("MB of memory for a batch of 10 images"));

  // A held-out image is never one to train on, whatever else the file holds.
  const Dataset cut = load_dataset(config_of(scratch));
  CHECK(cut.train_images.images.count + cut.valid_images.images.count == 40);
  CHECK(cut.valid_images.images.count > 2);
  CHECK_THROWS_WITH(load_dataset(config_of(scratch, {{"data.held_out", "0.000001"}})),
                    ContainsSubstring("of its 40 images none is left to validate on"));
  CHECK_THROWS_WITH(load_dataset(config_of(scratch, {{"model.classes", "2"}})),
                    ContainsSubstring("the classes of the run are 0 to 1 (model.classes = 2)"));
  CHECK_THROWS_WITH(load_dataset(config_of(scratch, {{"model.patch", "8"}})),
                    ContainsSubstring("model.patch = 8 does not divide model.height = 4 and model.width = 12"));
  CHECK_THROWS_WITH(load_dataset(config_of(scratch, {{"model.width", "8"}})),
                    ContainsSubstring("its images are 4 x 12 with 1 channel; those of the run are 4 x 8"));
  for (const char* key : {"model.pixel_mean", "model.pixel_std"}) {
    const Dataset wrong = load_dataset(config_of(scratch, {{key, "0.1,0.2"}}));
    CHECK_THROWS_WITH(make_run(wrong.config, {}, {}),
                      ContainsSubstring("has 2 numbers; expected one for each of the 1"));
  }
  const Dataset zero = load_dataset(config_of(scratch, {{"model.pixel_std", "0"}}));
  CHECK_THROWS_WITH(make_run(zero.config, {}, {}),
                    ContainsSubstring("pixel_std has a 0; expected finite numbers above 0"));

  Run run = make_run(cut.config, {}, {});
  Dataset none{.config = cut.config};
  CHECK_THROWS_WITH(Trainer(run, none), ContainsSubstring("the dataset has no images to train on"));
  none.train_images = cut.train_images;
  CHECK_THROWS_WITH(Trainer(run, none), ContainsSubstring("the dataset has no images to validate on"));

  // A channel of one value is not divided.
  scratch.write_gzip("train.idx.gz", data::idx_header(8, {40, 4, 12}) + std::string(1920, '\0'));
  Assignments same = settings_of(
      scratch, {{"data.valid", folder + "valid.idx.gz"}, {"data.valid_labels", folder + "valid-labels.idx"}});
  CHECK(load_dataset(resolve({.assignments = same})).config.image.pixel_std == std::vector<double>{1});
}

TEST_CASE("classes are compared with labels, and the surest mistakes come first") {
  const auto logarithms = [](std::vector<float> p) {
    for (float& x : p) x = std::log(x);
    return Tensor::from(p, {4, 2});
  };
  const Tensor found = logarithms({0.9F, 0.1F, 0.3F, 0.7F, 0.2F, 0.8F, 0.5F, 0.5F});
  const std::vector<Index> labels = {0, 0, 0, 1};
  const ClassScore score = score_classes(found, labels);
  CHECK(score.found == std::vector<Index>{0, 1, 1, 0});
  CHECK(score.correct == 1);
  CHECK(score.accuracy() == 0.25);
  CHECK(score.confusion == std::vector<std::vector<Index>>{{1, 2}, {1, 0}});
  CHECK(score.loss == Approx(-(std::log(0.9) + std::log(0.3) + std::log(0.2) + std::log(0.5)) / 4));
  CHECK(most_misread(found, score, labels, 2) == std::vector<Index>{2, 1});
  CHECK(most_misread(found, score, labels, 9) == std::vector<Index>{2, 1, 3});
  CHECK_THROWS_WITH(score_classes(found, {0}), ContainsSubstring("are of 4 images, and there are 1 label"));
}

TEST_CASE("labels and classes that the probabilities do not have are refused") {
  const Tensor found = Tensor::full({2, 3}, -1.0);
  for (const Index label : {Index{-1}, Index{3}, Index{100'000'000}}) {
    const std::string message = fmt::format("label 1 is {}; expected one of 3 classes", label);
    CHECK_THROWS_WITH(score_classes(found, {0, label}), ContainsSubstring(message));
    CHECK_THROWS_WITH(most_misread(found, score_classes(found, {0, 1}), {0, label}, 5), ContainsSubstring(message));
  }
  CHECK_THROWS_WITH(score_classes(Tensor::ones({2, 0}), {0, 0}), ContainsSubstring("expected one of 0 classes"));
  for (const Tensor& other : {Tensor::ones({2}), Tensor::ones({2, 2, 2}), Tensor::ones({2, 3}, DType::f64)})
    CHECK_THROWS_WITH(score_classes(other, {0, 0}), ContainsSubstring("expected f32 [images, classes]"));
  const ClassScore score = score_classes(found, {1, 2});
  CHECK_THROWS_WITH(most_misread(found, score, {}, 5), ContainsSubstring("there are 0 labels"));
  CHECK_THROWS_WITH(most_misread(found, score, std::vector<Index>(1000, 1), 5), ContainsSubstring("there are 1000"));
  CHECK_THROWS_WITH(most_misread(found, {}, {1, 2}, 5), ContainsSubstring("expected a found class per image"));
  CHECK_THROWS_WITH(most_misread(found, score, {1, 2}, -1), ContainsSubstring("most is -1; expected at least 0"));
}

}  // namespace gradus::train::train_images_test
