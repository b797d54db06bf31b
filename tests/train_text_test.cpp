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

}  // namespace gradus::train
