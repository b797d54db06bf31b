#include "program.h"

// Trains the program on text of several kinds, and checks what comes out for other files.
namespace gradus::cli_text_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;

const std::string quick = " --set model.dim=16 --set model.hidden=16 --steps 8 --out run";

}  // namespace

TEST_CASE("a decomposed file of a run that was trained on composed text gives the same bytes") {
  const Scratch scratch;
  scratch.write("train.tsv", "ti\u1EBFng\tt i\u1EBF ng\nvi\u1EC7t\tv i\u1EC7 t\n\u0111\u1EB9p\t\u0111 \u1EB9 p\n");
  scratch.write("composed.tsv", "ti\u1EBFng\tt i\u1EBF ng\nvi\u1EC7t\tv i\u1EC7 t\n");
  scratch.write("decomposed.tsv", "tie\u0302\u0301ng\tt ie\u0302\u0301 ng\nvie\u0323\u0302t\tv ie\u0323\u0302 t\n");
  const std::string train = "train --model rnn --train train.tsv --valid composed.tsv" + quick;
  REQUIRE(run(scratch, train).code == 0);
  const Ran composed = run(scratch, "eval --run run --test composed.tsv");
  REQUIRE(composed.code == 0);
  CHECK(run(scratch, "eval --run run --test decomposed.tsv").out == composed.out);

  const auto outputs = [&](const std::string& source) {
    const Ran decoded = run(scratch, "decode --run run", source + "\n");
    REQUIRE(decoded.code == 0);
    REQUIRE(decoded.out.starts_with(source + "\t"));
    return decoded.out.substr(source.size());
  };
  CHECK(outputs("ti\u1EBFng") == outputs("tie\u0302\u0301ng"));

  const std::string composed_run = data::contents(scratch.folder() / "run" / "last.safetensors");
  REQUIRE(run(scratch, "train --model rnn --train train.tsv --valid decomposed.tsv --overwrite" + quick).code == 0);
  CHECK(data::contents(scratch.folder() / "run" / "last.safetensors") == composed_run);
}

TEST_CASE("eval and decode report the tokens that training never had") {
  const Scratch scratch;
  scratch.write("train.tsv", "ab\tA B\nba\tB A\n");
  scratch.write("test.tsv", "abx\tA C\n");
  REQUIRE(run(scratch, "train --model rnn --train train.tsv --valid train.tsv" + quick).code == 0);
  const Ran tested = run(scratch, "eval --run run --test test.tsv");
  CHECK_THAT(tested.err,
             ContainsSubstring("test.tsv: 1 of 3 source tokens (33.3 %) are not in the vocabulary: \"x\" 1\n"));
  CHECK_THAT(tested.err,
             ContainsSubstring("test.tsv: 1 of 2 target tokens (50.0 %) are not in the vocabulary: \"C\" 1\n"));
  CHECK(run(scratch, "eval --run run --test train.tsv").err.find("vocabulary") == std::string::npos);
  CHECK(run(scratch, "decode --run run", "ab\nxya\nx\n").err ==
        "standard input: 3 of 6 source tokens (50.0 %) are not in the vocabulary: \"x\" 2, \"y\" 1\n");
  CHECK(run(scratch, "decode --run run", "ab\n").err.empty());
  CHECK_THAT(run(scratch, "decode --run run --input test.tsv", "").err, ContainsSubstring("a tab"));
  scratch.write("words", "z\n");
  CHECK(run(scratch, "decode --run run --input words").err ==
        "words: 1 of 1 source tokens (100.0 %) are not in the vocabulary: \"z\" 1\n");
}

TEST_CASE("a run with sub-words keeps their models, decodes to words, and resumes") {
  const Scratch scratch;
  std::string pairs;
  for (const char* stem : {"walk", "talk", "jump", "play"})
    for (const char* ending : {"ed", "ing", "s"})
      pairs += "we " + std::string(stem) + ending + "\t" + stem + " " + stem + ending + "\n";
  scratch.write("train.tsv", pairs);
  const std::string train =
      "train --model transformer --train train.tsv --valid train.tsv --set data.source_tokens=sentencepiece --set "
      "data.target_tokens=sentencepiece --set data.subword_size=40 --set data.subword_model=bpe";
  const Ran trained = run(scratch, train + " --set train.save_every=4" + quick);
  REQUIRE(trained.code == 0);
  const auto file = [&](const char* name) { return scratch.folder() / "run" / name; };
  CHECK(std::filesystem::exists(file("source.model")));
  CHECK_THAT(data::contents(file("source.vocab")), ContainsSubstring("\n▁we\n"));

  const Ran decoded = run(scratch, "decode --run run --attention", "we walked\nwe jumps\n");
  REQUIRE(decoded.code == 0);
  CHECK_THAT(decoded.out, ContainsSubstring("we walked\t"));
  CHECK(decoded.out.find("▁") == std::string::npos);
  CHECK_THAT(decoded.err, ContainsSubstring("▁we"));  // attention is shown between pieces
  CHECK_THAT(run(scratch, "eval --run run --test train.tsv").out, ContainsSubstring("\"reference_tokens\":24"));
  CHECK(run(scratch, "train --resume --out run").code == 0);

  const std::string model = data::contents(file("source.model")), target = data::contents(file("target.model"));
  const auto with_model = [&](const std::string& bytes) {
    scratch.write("run/source.model", bytes);
    const std::string resumed = run(scratch, "train --resume --out run").err;
    const Ran used = run(scratch, "decode --run run", "we\n");
    CHECK(used.code == 1);
    CHECK(used.out.empty());
    return resumed + used.err;
  };
  CHECK_THAT(with_model(target), ContainsSubstring("source.model: its pieces are not the tokens of run/source.vocab"));
  CHECK_THAT(with_model("damaged"), ContainsSubstring("source.model: this is no model of SentencePiece"));
  std::filesystem::remove(file("source.model"));
  CHECK_THAT(run(scratch, "decode --run run", "we\n").err,
             ContainsSubstring("source.model: the file cannot be opened"));
  scratch.write("run/source.model", model);
  CHECK(run(scratch, "decode --run run", "we walked\nwe jumps\n").out == decoded.out);

  REQUIRE(run(scratch, train + " --overwrite" + quick).code == 0);
  CHECK(data::contents(file("source.model")) == model);
}

}  // namespace gradus::cli_text_test
