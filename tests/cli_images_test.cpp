#include <nlohmann/json.hpp>

#include "idx_files.h"
#include "program.h"

// The program trains, measures and uses a model of images.
namespace gradus::cli_images_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using data::Scratch;

}  // namespace

TEST_CASE("train, eval, classify and gradcheck use images") {
  const Scratch scratch;
  data::BrightThirds(60).write(scratch, "train");
  data::BrightThirds(20, 2).write(scratch, "test");
  const Ran trained =
      run(scratch,
          "train --model vit --train train.idx.gz --labels train-labels.idx --out new --epochs 15 --lr 0.01 "
          "--warmup 0 --batch 5 --set model.patch=4 --set model.dim=16 --set model.ffn=16 --set "
          "model.heads=2 --set model.encoder_layers=1 --set data.held_out=0.2 --set train.crop=0 --set "
          "train.flip=false --set data.class_names=left,middle,right");
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(nlohmann::json::parse(last_line(trained.out))["best_valid_accuracy"] == 1.0);
  CHECK_THAT(trained.err, ContainsSubstring("train.idx.gz: 60 images of 4 x 12 with 1 channel\n"));
  CHECK_THAT(trained.err, ContainsSubstring("accuracy 100.00 %  best so far"));

  const Ran tested = run(scratch, "eval --run new --test test.idx.gz --labels test-labels.idx");
  REQUIRE(tested.code == 0);
  CHECK_THAT(tested.out, StartsWith("label ") && ContainsSubstring("\n1 middle ") && ContainsSubstring("  100.0 %\n"));
  CHECK(nlohmann::json::parse(last_line(tested.out))["correct"] == 20);
  CHECK(nlohmann::json::parse(last_line(tested.out))["accuracy"] == 1.0);

  // With labels that are all wrong, each image is misread.
  scratch.write("wrong.idx", data::idx_header(8, {20}) + std::string(20, '\1'));
  const Ran misread = run(scratch, "eval --run new --test test.idx.gz --labels wrong.idx --misread 2");
  CHECK_THAT(misread.out, ContainsSubstring("\nmost misread image   label  read as  probability\n"));
  CHECK(std::count(misread.out.begin(), misread.out.end(), '\n') == 4 + 1 + 3 + 1 + 1);
  CHECK_THAT(run(scratch, "eval --run new --test test.idx.gz --labels wrong.idx --misread 0").out,
             !ContainsSubstring("misread"));

  const Ran classes = run(scratch, "classify --run new --input test.idx.gz");
  REQUIRE(classes.code == 0);
  CHECK(std::count(classes.out.begin(), classes.out.end(), '\n') == 20);
  CHECK_THAT(classes.out, StartsWith("0\tleft\t0."));
  const Ran several = run(scratch, "classify --run new --input test.idx.gz --n-best 9 --json --checkpoint last");
  CHECK(std::count(several.out.begin(), several.out.end(), '\n') == 60);
  CHECK_THAT(several.out, StartsWith("{\"image\":0,\"label\":0,\"class\":\"left\",\"probability\":0."));

  const auto refused = [&](const std::string& arguments, int code, const std::string& message) {
    const Ran ran = run(scratch, arguments);
    CAPTURE(arguments);
    CHECK(ran.code == code);
    CHECK_THAT(ran.err, ContainsSubstring(message));
  };
  refused("decode --run new", 1, "new: its model is vit, which classifies images");
  refused("eval --run new", 2, "eval needs --test FILE or --task NAME");
  refused("eval --run new --test test.idx.gz", 2, "needs --test IMAGES and --labels LABELS");
  refused("eval --run new --task copy", 2,
          "--task: copy has text, and the run in new classifies images; expected fashion-mnist");
  refused("eval --run new --test test.idx.gz --labels test-labels.idx --beam 2", 2,
          "--beam: the run in new classifies");
  refused("eval --run new --test test.idx.gz --labels test-labels.idx --bootstrap 10", 2,
          "--bootstrap: the run in new classifies");
  refused("eval --run new --test test.idx.gz --labels test-labels.idx --confusions 3", 2,
          "--confusions: the run in new classifies");
  refused("classify --run new --input train-labels.idx", 1, "its shape is [60]; expected images");
  refused("train --model vit --task reverse --out x", 2, "the task reverse has text, and vit classifies images");
  refused("train --model rnn --task fashion-mnist --out x", 2, "fashion-mnist has images, and rnn reads text");
  refused("train --model vit --train train.idx.gz --out x", 2, "data.train is set, data.labels is not");
  refused("train --model vit --train none.idx --labels train-labels.idx --out x", 1, "none.idx: cannot be opened");
  CHECK(run(scratch, "gradcheck --model vit").code == 0);
  CHECK(run(scratch, "gradcheck --run new").code == 0);
  refused("gradcheck --run new --pairs test.idx.gz", 2, "--pairs: the run classifies images");

  const Ran more = run(scratch,
                       "train --from new --train test.idx.gz --labels test-labels.idx --out next --steps 2 --set "
                       "data.held_out=0.3");
  INFO(more.err);
  CHECK(more.code == 0);
  CHECK_THAT(more.err, ContainsSubstring("parameters from new"));
  const std::string config = data::contents(scratch.folder() / "new/config.toml"),
                    next = data::contents(scratch.folder() / "next/config.toml");
  const auto line = [](const std::string& text) { return text.substr(text.find("pixel_mean"), 30); };
  CHECK(line(config) == line(next));
}

TEST_CASE("a run of text refuses what is of images") {
  const Scratch scratch;
  REQUIRE(run(scratch,
              "train --model attention --task copy --steps 2 --set data.pairs=20 --set data.valid_pairs=5 --out new")
              .code == 0);
  CHECK_THAT(run(scratch, "classify --run new --input a.idx").err,
             ContainsSubstring("new: its model is attention, which writes sequences; decode gives its outputs"));
  CHECK_THAT(run(scratch, "eval --run new --test a --labels b").err,
             ContainsSubstring("--labels: the run in new reads text, not images"));
  CHECK_THAT(run(scratch, "eval --run new --test a --misread 3").err,
             ContainsSubstring("--misread: the run in new reads text, not images"));
  CHECK_THAT(run(scratch, "eval --run new --task fashion-mnist").err,
             ContainsSubstring("--task: fashion-mnist has images, and the run in new reads text"));
}

}  // namespace gradus::cli_images_test
