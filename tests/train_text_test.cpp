#include <gradus/train/dataset.h>

#include "catch.h"
#include "config_with.h"
#include "data_scratch.h"

namespace gradus::train::train_text_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using data::Scratch;

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
    CHECK(validation_fingerprint(load(composed, form)) == validation_fingerprint(load(decomposed, form)));
  CHECK(validation_fingerprint(load(composed, "none")) != validation_fingerprint(load(decomposed, "none")));

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

TEST_CASE("sub-words are learned from the pairs to train on alone") {
  const Scratch scratch;
  const std::string train = scratch.write("t.tsv", "walked talked\tA B\nwalking talking\tB\n");
  const std::string valid = scratch.write("v.tsv", "walked zoo\tA\n");
  Assignments settings = {{"data.train", train},
                          {"data.valid", valid},
                          {"data.source_tokens", "sentencepiece"},
                          {"data.subword_size", "20"}};
  std::vector<std::string> notes;
  const auto load = [&] {
    notes.clear();
    return load_dataset(config_with(settings), [&](const std::string& line) { notes.push_back(line); });
  };
  for (const char* model : {"unigram", "bpe"}) {
    settings.push_back({"data.subword_model", model});
    const Dataset set = load();
    CHECK(set.source.size() <= 20);
    REQUIRE(set.source.sub_words() != nullptr);
    CHECK(set.target.sub_words() == nullptr);
    CHECK(set.config.data.source_tokens == TokensOf::sentencepiece);
    CHECK(set.source.decode(set.train.front().source) == data::Tokens{"walked", "talked"});
    CHECK(set.train.front().source.size() > 2);
    CHECK(set.references.front().source == data::Tokens{"walked", "zoo"});
    CHECK(training_fingerprint(set) == training_fingerprint(load()));
    CHECK_THAT(notes[2], ContainsSubstring("v.tsv: 1 of ") && ContainsSubstring("not in the vocabulary: \"zoo\" 1"));
  }
  settings.push_back({"data.target_tokens", "sentencepiece"});
  settings.push_back({"data.subword_size", "16"});
  CHECK(load().target.sub_words() != nullptr);
  settings.push_back({"data.subword_size", "10"});
  CHECK_THROWS_WITH(load(), ContainsSubstring("data.subword_size = 10 has no room for a sub-word per character of the "
                                              "sources of ") &&
                                ContainsSubstring("t.tsv: at least 15"));
}

TEST_CASE("pairs of too many sub-words are left out") {
  const Scratch scratch;
  const std::string train = scratch.write("t.tsv", "ab\tA\ncd\tB\nabcdabcdabcd\tA\n");
  Assignments settings = {{"data.train", train},
                          {"data.valid", train},
                          {"data.source_tokens", "sentencepiece"},
                          {"data.subword_size", "9"},
                          {"data.max_tokens", "6"}};
  std::vector<std::string> notes;
  const auto load = [&] {
    return load_dataset(config_with(settings), [&](const std::string& line) { notes.push_back(line); });
  };
  const Dataset set = load();
  CHECK(set.train.size() == 2);
  CHECK(set.valid.size() == 2);
  REQUIRE(!notes.empty());
  CHECK_THAT(notes[0], ContainsSubstring("read 2 pairs from ") &&
                           ContainsSubstring("t.tsv:3:1: the source has 13 tokens, more than 6 (data.max_tokens = 6)"));
  CHECK(load_test(set.config, train, {}, {}, set.source, set.target).left_out == 1);
  settings.push_back({"data.max_tokens", "1"});
  CHECK_THROWS_WITH(load(), ContainsSubstring("all 3 pairs are left out (first: "));
}

TEST_CASE("sub-words are refused where tokens are fixed, and beside features") {
  const Scratch scratch;
  const std::string file = scratch.write("d", "A  EY1\nB  B IY1\n");
  CHECK_THROWS_WITH(load_dataset(config_with({{"data.task", "copy"}, {"data.source_tokens", "sentencepiece"}})),
                    ContainsSubstring("data.source_tokens cannot be chosen for the task copy"));
  CHECK_THROWS_WITH(load_dataset(config_with({{"data.train", file},
                                              {"data.valid", file},
                                              {"data.format", "dictionary"},
                                              {"data.source_tokens", "sentencepiece"}})),
                    ContainsSubstring("data.source_tokens cannot be chosen for a dictionary"));
  CHECK_THROWS_WITH(config_with({{"data.train", file},
                                 {"data.columns", "source=1,target=2,features=3"},
                                 {"data.source_tokens", "sentencepiece"}}),
                    ContainsSubstring("data.source_tokens = sentencepiece and features"));
}

}  // namespace gradus::train::train_text_test
