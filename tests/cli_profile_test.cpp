#include <nlohmann/json.hpp>

#include "idx_files.h"
#include "program.h"

// `gradus profile` and `gradus graph`.
namespace gradus::cli_profile_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;
using nlohmann::json;

constexpr const char* small =
    " --preset tiny --set model.dim=8 --set model.hidden=8 --set model.ffn=8 --batch 4"
    " --set data.pairs=40 --set data.valid_pairs=4";

const std::string vit =
    " --model vit --batch 4 --set model.dim=8 --set model.heads=2 --set model.ffn=8 --set model.encoder_layers=1 --set "
    "data.held_out=0.2";

void refuses(const Scratch& scratch, const std::string& arguments, int code, const std::string& message) {
  const Ran ran = run(scratch, arguments);
  CAPTURE(arguments, ran.err);
  CHECK(ran.code == code);
  CHECK(ran.out.empty());
  CHECK_THAT(ran.err, ContainsSubstring(message));
}

}  // namespace

TEST_CASE("profile prints tables of layers and ops, and a trace") {
  const Scratch scratch;
  const std::string quick = " --repeat 1 --peak 100 --bandwidth 10 --threads 2";
  const Ran tables = run(scratch, "profile --model rnn --task reverse --lengths 5,3 --depth 1 --trace step.json" +
                                      std::string(small) + quick);
  CAPTURE(tables.err);
  REQUIRE(tables.code == 0);
  for (const char* part :
       {"rnn: ", "4 examples with 12 target tokens", "machine: 100.0 GFLOP/s", "layer ", "encoder ", "decoder ",
        "loss ", "op ", "linear ", "cross_entropy ", "(outside ops)", "(update)", "(step)", "100.0"})
    CHECK_THAT(tables.out, ContainsSubstring(part));
  CHECK(json::parse(data::contents(scratch.folder() / "step.json"))["traceEvents"].size() > 50);

  const Ran text = run(scratch, "profile --model attention --task copy --json" + std::string(small) + quick);
  REQUIRE(text.code == 0);
  CHECK(json::parse(text.out)["machine"]["gb_per_second"] == 10);

  refuses(scratch, "profile --model rnn --task copy --lengths 5,x", 2, "is not SOURCE or SOURCE,TARGET");
  refuses(scratch, "profile --run none --model rnn", 2, "leave the other settings out");
  refuses(scratch, "profile --run none", 1, "none");
  data::BrightThirds(20).write(scratch, "train");
  refuses(scratch, "profile --train train.idx.gz --labels train-labels.idx --lengths 4" + vit, 2,
          "a model of images has no lengths");
}

TEST_CASE("graph and profile without data, which ended with an error, take the task reverse") {
  const Scratch scratch;
  const Ran named = run(scratch, "graph --model rnn --task reverse --length 2 --dot" + std::string(small));
  const Ran unnamed = run(scratch, "graph --model rnn --length 2 --dot" + std::string(small));
  CAPTURE(unnamed.err);
  REQUIRE(unnamed.code == 0);
  CHECK(unnamed.out == named.out);
  const std::string quick = " --repeat 1 --peak 100 --bandwidth 10 --threads 2";
  CHECK(run(scratch, "profile --model rnn --json" + std::string(small) + quick).code == 0);
  CHECK_THAT(run(scratch, "graph --help").out, ContainsSubstring("(default: reverse)"));
}

TEST_CASE("graph draws a model with Graphviz, or writes its language") {
  const Scratch scratch;
  const std::string command = "graph --model rnn-attention --task reverse --length 2" + std::string(small);
  const Ran dot = run(scratch, command + " --dot");
  REQUIRE(dot.code == 0);
  for (const char* part : {"digraph", "subgraph \"cluster_encoder.network\"", "label=\"weight_ih_l0\\n[24, 8]\"",
                           "label=\"source\\n[4, 2]\"", "label=\"target before", "\"cluster_loss\""})
    CHECK_THAT(dot.out, ContainsSubstring(part));

  // A program dot of our own, which writes the number of lines of its input, and none.
  scratch.write("dot", "#!/bin/sh\nwc -l < \"$4\" > \"$3\"\n");
  const std::string own = "chmod +x dot && export PATH=$PWD:/usr/bin:/bin";
  const Ran svg = run(scratch, command + " --out a.svg", "", own);
  CAPTURE(svg.err);
  CHECK(svg.code == 0);
  CHECK(svg.out == "a.svg\n");
  CHECK(std::stol(data::contents(scratch.folder() / "a.svg")) == std::count(dot.out.begin(), dot.out.end(), '\n'));

  scratch.write("dot", "#!/bin/sh\nexit 1\n");
  const Ran failed = run(scratch, command + " --out a.svg", "", own);
  CHECK(failed.code == 1);
  CHECK_THAT(failed.err, ContainsSubstring("dot did not draw the graph"));
  const Ran without = run(scratch, command, "", "export PATH=/nowhere");
  CHECK(without.code == 1);
  CHECK_THAT(without.err, ContainsSubstring("install Debian's package graphviz"));

  data::BrightThirds(20).write(scratch, "train");
  const Ran images = run(scratch, "graph --train train.idx.gz --labels train-labels.idx --depth 2 --dot" + vit);
  CAPTURE(images.err);
  CHECK(images.code == 0);
  for (const char* part : {"label=\"images\\n[4, 1, 4, 12]\"", "label=\"layers.0\\n", "label=\"weight\\n[3, 8]\""})
    CHECK_THAT(images.out, ContainsSubstring(part));
}

}  // namespace gradus::cli_profile_test
