#include <gradus/files/safetensors.h>
#include <gradus/train/start.h>

#include "program.h"

// Runs that start with trained parameters, and frozen parameters.
namespace gradus::train::train_start_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using data::Scratch;

const std::string small =
    " --dim 8 --hidden 8 --set data.pairs=60 --set data.valid_pairs=10 --set data.max_length=4 --batch 16 --steps 3";

std::string pairs(const std::string& letters) {
  std::string lines;
  for (char a : letters)
    for (char b : letters) lines += std::string(1, a) + b + "\t" + a + " " + b + "\n";
  return lines;
}

bool same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::equal(a.data<float>(), a.data<float>() + a.numel(), b.data<float>());
}

files::Safetensors best_of(const Scratch& scratch, const std::string& run) {
  return files::read_safetensors(scratch.folder() / run / "best.safetensors");
}

}  // namespace

TEST_CASE("a run starts from another: model, vocabularies and parameters are taken") {
  const Scratch scratch;
  scratch.write("old.tsv", pairs("abcdefg"));
  scratch.write("new.tsv", pairs("abxy"));
  REQUIRE(run(scratch, "train --model rnn --cell lstm --train old.tsv --valid old.tsv --out old" + small).code == 0);
  const Ran taken = run(scratch,
                        "train --from old --preset small --train new.tsv --valid new.tsv --steps 1 --lr 0.01 "
                        "--freeze 'encoder,*.bias' --out new");
  CAPTURE(taken.err);
  REQUIRE(taken.code == 0);
  CHECK_THAT(taken.err, ContainsSubstring(
                            "new.tsv: 16 of 32 source tokens (50.0 %) are not in the vocabulary: \"x\" 8, \"y\" 8\n"));
  CHECK_THAT(taken.err, ContainsSubstring("16 of 32 target tokens"));
  CHECK_THAT(taken.err, ContainsSubstring(" parameters from old\n"));
  const std::string config = data::contents(scratch.folder() / "new" / "config.toml");
  for (const char* line : {"\ncell = \"lstm\" ", "\ndim = 8 ", "\nkeep_vocabularies = true ", "\nbatch = 128 ",
                           "\nfreeze = \"encoder,*.bias\" "})
    CHECK_THAT(config, ContainsSubstring(line));
  for (const char* side : {"source.vocab", "target.vocab"})
    CHECK(data::contents(scratch.folder() / "new" / side) == data::contents(scratch.folder() / "old" / side));

  const std::string printed = run(scratch, "config --from old --preset small").out;
  CHECK_THAT(printed, ContainsSubstring("dim = 8                           # old/config.toml\n"));
  CHECK_THAT(printed, ContainsSubstring("batch = 128                       # preset small\n"));

  // The old run is not needed any more, and frozen parameters stay as they were.
  const files::Safetensors old = best_of(scratch, "old");
  std::filesystem::remove_all(scratch.folder() / "old");
  std::string longer = config;
  longer.replace(longer.find("\nsteps = 1 "), 11, "\nsteps = 4 ");
  scratch.write("new/config.toml", longer);
  const Ran resumed = run(scratch, "train --resume --out new");
  CAPTURE(resumed.err);
  REQUIRE(resumed.code == 0);
  const files::Safetensors last = files::read_safetensors(scratch.folder() / "new" / "last.safetensors");
  std::size_t frozen = 0, trained = 0;
  const Run loaded = load_run(RunDirectory::open(scratch.folder() / "new"));
  for (const nn::Parameter& p : loaded.store->all()) {
    CAPTURE(p.path);
    const bool is_frozen = p.path.starts_with("encoder.") || p.path.ends_with(".bias");
    CHECK(p.trainable == !is_frozen);
    CHECK(same(last.find(p.path), old.find(p.path)) == is_frozen);
    ++(is_frozen ? frozen : trained);
  }
  CHECK(frozen > 0);
  CHECK(trained > 0);
}

TEST_CASE("parameters of another size stay new, and are named") {
  const Scratch scratch;
  REQUIRE(run(scratch, "train --model rnn --task copy --out old" + small).code == 0);
  const Ran taken = run(scratch, "train --from old --model rnn-attention --task copy --out new" + small);
  CAPTURE(taken.err);
  REQUIRE(taken.code == 0);
  CHECK_THAT(taken.err, ContainsSubstring("took "));
  CHECK_THAT(taken.err, ContainsSubstring(" new: "));
  const Ran config = run(scratch, "train --from old --task copy --set data.keep_vocabularies=false --out other");
  CHECK(config.code == 2);
  CHECK_THAT(config.err, ContainsSubstring("the parameters of a run belong to its vocabularies"));
  const Ran without = run(scratch, "train --task copy --set data.keep_vocabularies=true --out other");
  CHECK(without.code == 2);
  CHECK_THAT(without.err, ContainsSubstring("without a run to start from (--from)"));
  CHECK_THAT(run(scratch, "train --from none --task copy --out other").err, ContainsSubstring("no such run directory"));
  CHECK_THAT(run(scratch, "train --from old --task copy --out other --freeze decodr").err,
             ContainsSubstring("train.freeze: there is no parameter to freeze at 'decodr'"));
  CHECK_THAT(run(scratch, "train --from old --task copy --out other --freeze '*.nothing'").err,
             ContainsSubstring("train.freeze: no parameter matches '*.nothing'"));
  CHECK_THAT(run(scratch, "train --from old --task copy --out other --freeze '*'").err,
             ContainsSubstring("train.freeze = * leaves no parameter to train"));
  CHECK_THAT(run(scratch, "train --from old/last.safetensors --task copy --out other").err,
             ContainsSubstring("this is a checkpoint of a run; give the run's folder"));
  CHECK_FALSE(std::filesystem::exists(scratch.folder() / "other"));
}

TEST_CASE("the run that training resumes keeps its parameters, though --from is given again") {
  const Scratch scratch;
  REQUIRE(run(scratch, "train --model rnn --task copy --out old" + small).code == 0);
  const std::string again =
      "train --from old --preset small --task copy --set data.pairs=60 --set data.valid_pairs=10 --set "
      "data.max_length=4 --steps 3 --resume --out new";
  REQUIRE(run(scratch, again).code == 0);
  const std::string last = data::contents(scratch.folder() / "new" / "last.safetensors");
  REQUIRE(run(scratch, again).code == 0);
  CHECK(data::contents(scratch.folder() / "new" / "last.safetensors") == last);
}

TEST_CASE("parameters of a file are taken by path, and renamed by name or prefix") {
  const auto store = [] {
    auto made = std::make_unique<nn::ParameterStore>(1);
    made->root().zeros("encoder.cell.weight", {2});
    made->root().zeros("encoder.cell.bias", {1});
    made->root().zeros("output", {3});
    return made;
  };
  const Scratch scratch;
  files::Safetensors file;
  file.tensors = {{"lstm.weight", Tensor::ones({2})},
                  {"lstm.bias", Tensor::ones({1})},
                  {"lstm2.bias", Tensor::ones({1})},
                  {"output", Tensor::ones({4})}};
  const auto path = scratch.folder() / "foreign.safetensors";
  files::write_safetensors(path, file);

  const auto named = store();
  CHECK_THAT(take_parameters(start_of(path), *named, {{"lstm", "encoder.cell"}}),
             Equals("took 2 of 3 parameters from " + path.string() +
                    "; 1 of another shape: output; 1 without use: lstm2.bias"));
  CHECK(named->at("encoder.cell.weight").data<float>()[1] == 1);
  CHECK(named->at("output").data<float>()[0] == 0);

  const auto longest = store();
  CHECK_THAT(take_parameters(start_of(path), *longest, {{"lstm", "encoder"}, {"lstm.weight", "encoder.cell.weight"}}),
             ContainsSubstring("took 1 of 3 parameters from "));
  CHECK_THROWS_WITH(
      take_parameters(start_of(path), *store(), {{"gru", "encoder"}}),
      Equals(path.string() + ": it has no gru to rename; its names: lstm.bias, lstm.weight, lstm2.bias, output"));
  CHECK_THROWS_WITH(take_parameters(start_of(path), *store()),
                    ContainsSubstring("none of its tensors fits a parameter of the model; its names: lstm.bias, "));
  CHECK_THAT(run(scratch, "train --task copy --from foreign.safetensors --rename lstm --out new").err,
             ContainsSubstring("--rename: lstm is not OLD=NEW"));
  CHECK_THAT(run(scratch, "train --task copy --model rnn --from foreign.safetensors --out new").err,
             ContainsSubstring("none of its tensors fits a parameter of the model"));
}

}  // namespace gradus::train::train_start_test
