#include <gradus/train/dataset.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::train {
namespace {

using data::Scratch;

RunConfig config_with(Assignments assignments) {
  return resolve({.preset = "", .file = {}, .assignments = std::move(assignments)});
}

}  // namespace

TEST_CASE("text is normalised to nfc unless data.unicode says otherwise") {
  const Scratch scratch;
  const std::string composed = scratch.write("composed.tsv", "Vi\u1EC7t\tVi\u1EC7t nam\nti\u1EBFng\tti\u1EBFng\n");
  const std::string decomposed =
      scratch.write("decomposed.tsv", "Vie\u0323\u0302t\tVie\u0302\u0323t nam\ntie\u0302\u0301ng\ttie\u0302\u0301ng\n");
  const auto load = [&](const std::string& valid, const std::string& form) {
    return load_dataset(config_with({{"data.train", composed}, {"data.valid", valid}, {"data.unicode", form}}));
  };
  CHECK(config_with({{"data.task", "copy"}}).data.unicode == data::UnicodeForm::nfc);
  for (const char* form : {"nfc", "nfd", "nfkc"})
    CHECK(fingerprint(load(composed, form)) == fingerprint(load(decomposed, form)));
  CHECK(fingerprint(load(composed, "none")) != fingerprint(load(decomposed, "none")));

  const RunConfig nfd = load(composed, "nfd").config;
  CHECK(source_tokens(nfd, "\u1EBF") == data::Tokens{"e", "\u0302", "\u0301"});
  CHECK(load_test(nfd, composed).references.front().references ==
        std::vector<data::Tokens>{{"Vie\u0323\u0302t", "nam"}});
}

TEST_CASE("Korean syllables are letters with nfd, and characters again with graphemes") {
  const Scratch scratch;
  const std::string file = scratch.write("ko.tsv", "\uD55C\uAE00\ta\n");
  RunConfig config = config_with({{"data.train", file}, {"data.valid", file}, {"data.unicode", "nfd"}});
  CHECK(load_dataset(config).train.front().source.size() == 6);
  config.data.source_tokens = TokensOf::graphemes;
  CHECK(load_dataset(config).train.front().source.size() == 2);
  CHECK(source_tokens(config, "\uD55C\uAE00") == data::Tokens{"\u1112\u1161\u11AB", "\u1100\u1173\u11AF"});
}

TEST_CASE("data.lowercase changes Armenian") {
  const Scratch scratch;
  const std::string file = scratch.write("hy.tsv", "ԵՐԵՎԱՆ\tՀԱՅ\n");
  const RunConfig config = config_with({{"data.train", file}, {"data.lowercase", "true"}});
  const TestSet set = load_test(config, file);
  CHECK(join(set.references.front().source, data::Tokenizer::characters) == "երեվան");
  CHECK(set.references.front().references.front() == data::Tokens{"հայ"});
  CHECK(join(source_tokens(config, "ԵՐԵՎԱՆ"), data::Tokenizer::characters) == "երեվան");
}

TEST_CASE("a run of a version without data.unicode keeps text as it is") {
  const RunConfig old = from_toml("data.train = \"t.tsv\"\n", "config.toml");
  CHECK(old.data.unicode == data::UnicodeForm::none);
  CHECK(source_tokens(old, "e\u0301") == data::Tokens{"e", "\u0301"});
  CHECK(from_toml(to_toml(config_with({{"data.train", "t.tsv"}})), "config.toml").data.unicode ==
        data::UnicodeForm::nfc);
}

TEST_CASE("the training file of a dictionary decides for all files whether digits are stress") {
  const Scratch scratch;
  const std::string tones = scratch.write("tones", "ma M A1\nma M A2\nai AY1\n");
  const std::string stress = scratch.write("stress", "ma M AH1\nai AY1\n");
  const auto load = [](const std::string& train, const std::string& valid) {
    return load_dataset(config_with({{"data.train", train}, {"data.valid", valid}, {"data.format", "dictionary"}}));
  };
  const Dataset kept = load(tones, stress);
  CHECK(kept.config.data.stress);
  CHECK(kept.references.front().references == std::vector<data::Tokens>{{"M", "AH1"}});
  CHECK(load_test(kept.config, stress).references.front().references == std::vector<data::Tokens>{{"M", "AH1"}});
  const Dataset cut = load(stress, tones);
  CHECK_FALSE(cut.config.data.stress);
  CHECK(cut.references.front().references == std::vector<data::Tokens>{{"M", "A1"}, {"M", "A2"}});
  CHECK(cut.references.back().references == std::vector<data::Tokens>{{"AY"}});
  CHECK(load_test(cut.config, tones).references.back().references == std::vector<data::Tokens>{{"AY"}});
}

TEST_CASE("tokens that the vocabulary does not have are noted with their file") {
  const Scratch scratch;
  const std::string train = scratch.write("t.tsv", "ab\tX Y\nab\tX Z\n");
  const std::string valid = scratch.write("v.tsv", "abc\tX X\nd\tW\n");
  std::vector<std::string> notes;
  const auto load = [&](Assignments settings) {
    settings.push_back({"data.train", train});
    notes.clear();
    return load_dataset(config_with(std::move(settings)), [&](const std::string& line) { notes.push_back(line); });
  };
  load({{"data.valid", valid}});
  REQUIRE(notes.size() == 4);
  CHECK(notes[2] == valid + ": 2 of 4 source tokens (50.0 %) are not in the vocabulary: \"c\" 1, \"d\" 1");
  CHECK(notes[3] == valid + ": 1 of 3 target tokens (33.3 %) are not in the vocabulary: \"W\" 1");
  load({{"data.valid", train}, {"data.min_count", "2"}});
  REQUIRE(notes.size() == 4);
  CHECK(notes[2] == train + ": 2 of 4 target tokens (50.0 %) are not in the vocabulary: \"Y\" 1, \"Z\" 1");

  const TestSet set = load_test(config_with({{"data.train", train}}), valid);
  CHECK(set.source_counts == data::TokenCounts{{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}});
  CHECK(set.target_counts == data::TokenCounts{{"W", 1}, {"X", 2}});
}

}  // namespace gradus::train
