#include <gradus/autograd/foundation/error.h>
#include <gradus/data/sub_words.h>
#include <gradus/data/vocabulary.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::data_sub_words_test {

using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;

namespace {

// Sentences of regular words: stems with endings.
std::vector<Tokens> texts() {
  std::vector<Tokens> all;
  for (const char* stem : {"walk", "talk", "jump", "play", "call", "open"})
    for (const char* ending : {"ed", "ing", "s", "er"})
      all.push_back({std::string(stem) + ending, "and", "the", std::string("re") + stem + ending});
  return all;
}

Tokens joined(const Tokens& pieces) { return SubWords::join(pieces); }

}  // namespace

TEST_CASE("pieces are learned from texts, and words split into them are joined again") {
  for (const SubWordModel model : {SubWordModel::unigram, SubWordModel::bpe}) {
    const SubWords sub_words = SubWords::learn(texts(), model, 40, "texts");
    CHECK(std::ssize(sub_words.pieces()) <= 40);
    CHECK(std::ssize(sub_words.pieces()) >= SubWords::least_size(texts()));
    for (const Tokens& text : texts()) {
      const Tokens pieces = sub_words.split(text);
      CHECK(pieces.size() > text.size());
      CHECK(joined(pieces) == text);
    }
    const Tokens unknown = {"walk日本ing", "walked"};
    CHECK(joined(sub_words.split(unknown)) == unknown);
    CHECK(sub_words.split({}).empty());
  }
  CHECK(SubWords::join({}).empty());
}

TEST_CASE("the same texts give the same model, bit for bit") {
  for (const SubWordModel model : {SubWordModel::unigram, SubWordModel::bpe})
    CHECK(SubWords::learn(texts(), model, 40, "a").bytes() == SubWords::learn(texts(), model, 40, "b").bytes());
  CHECK(SubWords::learn(texts(), SubWordModel::bpe, 40, "a").bytes() !=
        SubWords::learn(texts(), SubWordModel::unigram, 40, "a").bytes());
}

TEST_CASE("a few texts give as many pieces as they can") {
  CHECK(SubWords::learn({{"a"}}, SubWordModel::bpe, 100, "x").pieces().size() < 5);
  CHECK(SubWords::learn({{"a"}}, SubWordModel::unigram, 100, "x").pieces().size() < 5);
}

TEST_CASE("sub-words need words and room for all characters") {
  CHECK(SubWords::least_size({{"ab", "c"}, {"éa"}}) == 5);
  CHECK_THROWS_WITH(SubWords::learn({{}, {}}, SubWordModel::bpe, 40, "t.tsv"),
                    "t.tsv: there are no words to learn sub-words from");
  CHECK_THROWS_WITH(SubWords::learn({{"abc", "é"}}, SubWordModel::unigram, 4, "t.tsv"),
                    "t.tsv: its characters and the mark of a word need 5 sub-words, but there may be only 4");
  CHECK_NOTHROW(SubWords::learn({{"abc", "é"}}, SubWordModel::unigram, 5, "t.tsv"));
}

TEST_CASE("a text that spells SentencePiece's own symbols is ordinary text") {
  const std::vector<Tokens> odd(50, {"<unk>", "<s>", "</s>", "<pad>x", "unknown piece", "⁇"});
  for (const SubWordModel model : {SubWordModel::unigram, SubWordModel::bpe}) {
    const SubWords sub_words = SubWords::learn(odd, model, 60, "odd");
    CHECK(joined(sub_words.split({"<unk>", "<s>"})) == Tokens{"<unk>", "<s>"});
  }
}

TEST_CASE("a vocabulary of sub-words encodes words as pieces and decodes them as words") {
  const Vocabulary vocabulary(SubWords::learn(texts(), SubWordModel::bpe, 40, "texts"));
  const Tokens words = {"walked", "the", "retalker"};
  const std::vector<Id> ids = vocabulary.encode(words);
  CHECK(ids.size() > words.size());
  CHECK(std::find(ids.begin(), ids.end(), unk_id) == ids.end());
  CHECK(vocabulary.decode(ids) == words);
  CHECK(vocabulary.decode_split(ids) == vocabulary.split(words));
  CHECK(vocabulary.decode({unk_id}) == Tokens{"<unk>"});
  CHECK(vocabulary.encode({"日"}).back() == unk_id);
  CHECK(Vocabulary().sub_words() == nullptr);
}

TEST_CASE("a vocabulary of sub-words is the same after writing and reading") {
  const Scratch scratch;
  const Vocabulary vocabulary(SubWords::learn(texts(), SubWordModel::unigram, 40, "texts"));
  const auto text = scratch.write("source.vocab", vocabulary.to_text());
  const auto model = scratch.write("source.model", vocabulary.sub_words()->bytes());
  CHECK(Vocabulary::load(text, model) == vocabulary);
  CHECK_FALSE(Vocabulary::load(text) == vocabulary);  // without its model

  const Vocabulary other(SubWords::learn(texts(), SubWordModel::bpe, 40, "texts"));
  const auto other_model = scratch.write("other.model", other.sub_words()->bytes());
  CHECK_THROWS_WITH(Vocabulary::load(text, other_model),
                    ContainsSubstring("other.model: its pieces are not the tokens of"));
}

TEST_CASE("a file that is no model of sub-words is refused") {
  const Scratch scratch;
  const SubWords learned = SubWords::learn(texts(), SubWordModel::unigram, 40, "texts");
  for (const std::string& piece : learned.pieces()) {
    if (piece.size() < 2 || piece.starts_with("▁")) continue;
    std::string bytes = learned.bytes();
    bytes[bytes.find(static_cast<char>(piece.size()) + piece) + 1] = '\0';  // SentencePiece throws
    CHECK_THROWS_WITH(SubWords::from_bytes(bytes, "nul"), ContainsSubstring("nul: this is no model of SentencePiece"));
  }
  const auto large = scratch.write("large", "");
  std::filesystem::resize_file(large, (std::uintmax_t{1} << 26) + 1);
  CHECK_THROWS_WITH(SubWords::load(large), ContainsSubstring("large: more than 67108864 bytes"));
  CHECK_THROWS_WITH(SubWords::load(scratch.folder() / "none"),
                    ContainsSubstring("none: the file cannot be opened: No such file"));
  CHECK_THROWS_WITH(SubWords::load(scratch.folder()), ContainsSubstring("reading failed: Is a directory"));
  CHECK_THROWS_WITH(SubWords::load(scratch.write("empty", "")),
                    ContainsSubstring("empty: this is no model of SentencePiece"));
  CHECK_THROWS_WITH(SubWords::load(scratch.write("text", "a text\n")),
                    ContainsSubstring("text: this is no model of SentencePiece"));
}

TEST_CASE("a model of sub-words that was moved from splits nothing") {
  SubWords source = SubWords::learn(texts(), SubWordModel::bpe, 40, "texts");
  const SubWords taken = std::move(source);
  CHECK_FALSE(taken.split({"walked"}).empty());
  CHECK_THROWS_WITH(source.split({"walked"}), ContainsSubstring("after it was moved from"));
}

}  // namespace gradus::data_sub_words_test
