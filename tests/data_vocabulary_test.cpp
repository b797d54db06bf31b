#include <gradus/autograd/foundation/error.h>
#include <gradus/data/vocabulary.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::data_vocabulary_test {

using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;

TEST_CASE("a vocabulary orders tokens by frequency, then by bytes") {
  const Vocabulary v = Vocabulary::build({{"b", "a", "c"}, {"c", "é"}});
  CHECK(v.size() == 8);
  CHECK(v.token(pad_id) == "<pad>");
  CHECK(v.token(bos_id) == "<bos>");
  CHECK(v.token(eos_id) == "<eos>");
  CHECK(v.token(unk_id) == "<unk>");
  CHECK(v.encode({"c", "a", "b", "é", "z"}) == std::vector<Id>{4, 5, 6, 7, unk_id});
  CHECK_THROWS_WITH(v.token(8), ContainsSubstring("id 8") && ContainsSubstring("0 to 7"));
  CHECK_THROWS_AS(v.token(-1), Error);
}

TEST_CASE("a vocabulary leaves out rare tokens and stops at its limit") {
  const TokenCounts counts = {{"a", 3}, {"b", 2}, {"c", 2}, {"d", 1}};
  CHECK(Vocabulary::build(counts, 2).size() == 7);
  const Vocabulary small = Vocabulary::build(counts, 1, 6);
  CHECK(small.size() == 6);
  CHECK(small.id("b") == 5);
  CHECK(small.id("c") == unk_id);
  CHECK(Vocabulary::build(counts, 1, 4) == Vocabulary());
  CHECK_THROWS_WITH(Vocabulary::build(counts, 1, 3), ContainsSubstring("at most 3 entries"));
  CHECK_THROWS_AS(Vocabulary::build(TokenCounts{{"", 1}}), Error);
}

TEST_CASE("decoding stops at eos and shows unknown tokens") {
  const Vocabulary v = Vocabulary::build({{"a", "b"}});
  CHECK(v.decode({bos_id, 4, pad_id, unk_id, 5, eos_id, 4}) == Tokens{"a", "<unk>", "b"});
  CHECK(v.decode({}).empty());
  CHECK_THROWS_AS(v.decode({99}), Error);
}

TEST_CASE("text that spells a special token never encodes to it") {
  const Vocabulary v = Vocabulary::build({{"<pad>", "<eos>", "x"}});
  CHECK(v.id("<pad>") > unk_id);
  CHECK(v.id("<bos>") == unk_id);
  CHECK(v.decode(v.encode({"x", "<eos>", "<pad>", "x"})) == Tokens{"x", "<eos>", "<pad>", "x"});
}

TEST_CASE("a vocabulary is the same after writing and reading") {
  const Scratch scratch;
  const Vocabulary v = Vocabulary::build(
      {{" ", "\n", "\t", "\r", "\\", "\\x20", "<unk>", "<pad", "é", "😀", std::string(1, '\0'), "a b", "\x7F", "#"}});
  const auto path = scratch.write("source.vocab", v.to_text());
  CHECK(Vocabulary::load(path) == v);
  CHECK(Vocabulary::load(path).encode({"<unk>", "é"}) == v.encode({"<unk>", "é"}));
}

TEST_CASE("a vocabulary file holds one token per line") {
  CHECK(Vocabulary::build({{"b", "b", " ", "<pad>"}}).to_text() == "<pad>\n<bos>\n<eos>\n<unk>\nb\n\\x20\n\\x3cpad>\n");
}

TEST_CASE("a vocabulary file with a defect is refused with file, line and column") {
  const Scratch scratch;
  const std::string head = "<pad>\n<bos>\n<eos>\n<unk>\n";
  const auto load = [&scratch](const std::string& text) { Vocabulary::load(scratch.write("v.txt", text)); };
  CHECK_THROWS_WITH(load(head + "a\nb\na\n"), EndsWith("v.txt:7:1: a occurs twice, first on line 5"));
  CHECK_THROWS_WITH(load("<pad>\n<eos>\n"), ContainsSubstring("v.txt:2:1: expected <bos>"));
  CHECK_THROWS_WITH(load("<pad>\n<bos>\n<eos>\n"), ContainsSubstring("v.txt:4:1: the file ends before <unk>"));
  CHECK_THROWS_WITH(load(""), ContainsSubstring("v.txt:1:1: the file ends before <pad>"));
  CHECK_THROWS_WITH(load(head + "a\n\nb\n"), ContainsSubstring("v.txt:6:1: expected a token"));
  CHECK_THROWS_WITH(load(head + "<pad>\n"), ContainsSubstring("v.txt:5:1: <pad> is a special token"));
  for (const char* bad : {"\\", "\\n", "\\x2", "\\x2G", " b", "\\xff", "\xE9"}) {
    CHECK_THROWS_WITH(load(head + bad + "\n"), ContainsSubstring("v.txt:5:1: expected a token in UTF-8"));
    CHECK_THROWS_WITH(load(head + "é\\x20" + bad + "\n"), ContainsSubstring("v.txt:5:6: expected a token in UTF-8"));
  }
  CHECK_THROWS_AS(Vocabulary::load(scratch.folder() / "none"), Error);
  CHECK_THROWS_WITH(load(head + std::string(2 << 20, 'x') + "\n"),
                    EndsWith("v.txt:5:1: the line is longer than 1 MiB"));
}

TEST_CASE("a token that occurs twice is quoted with limited length and without control characters") {
  const Scratch scratch;
  const std::string token = "\xC2\x9B" + std::string(100000, 'x');  // U+009B begins a terminal's commands
  const auto path = scratch.write("v.txt", "<pad>\n<bos>\n<eos>\n<unk>\n" + token + "\n" + token + "\n");
  CHECK_THROWS_WITH(Vocabulary::load(path),
                    ContainsSubstring(":6:1: \\xC2\\x9Bxxx") && EndsWith("xxx... occurs twice, first on line 5"));
}

}  // namespace gradus::data_vocabulary_test
