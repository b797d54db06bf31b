#include <gradus/autograd/foundation/error.h>
#include <gradus/data/dictionary.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::data_dictionary_test {

using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;

namespace {

// The targets of all pairs, with one space between phones.
std::vector<std::string> phones(const Dictionary& dictionary) {
  std::vector<std::string> all;
  for (const Pair& pair : dictionary.pairs) all.push_back(join(pair.target, Tokenizer::whitespace));
  return all;
}

}  // namespace

TEST_CASE("a pronouncing dictionary of the old format is read") {
  const Scratch scratch;
  const Corpus corpus = read_dictionary(scratch.write("cmudict",
                                                      ";;; # CMUdict  \xA9 1993\n"
                                                      "'BOUT  B AW1 T\r\n"
                                                      "#SHARP-SIGN  SH AA1 R P\n"
                                                      ";SEMI-COLON  S EH1 M IY0\n"
                                                      "READ  R EH1 D\n"
                                                      "READ(1)  R IY1 D\n"));
  const std::vector<Pair> expected = {
      {tokenize("'bout", Tokenizer::characters), {"B", "AW", "T"}},
      {tokenize("#sharp-sign", Tokenizer::characters), {"SH", "AA", "R", "P"}},
      {tokenize(";semi-colon", Tokenizer::characters), {"S", "EH", "M", "IY"}},
      {tokenize("read", Tokenizer::characters), {"R", "EH", "D"}},
      {tokenize("read", Tokenizer::characters), {"R", "IY", "D"}},
  };
  CHECK(corpus.pairs == expected);
  CHECK(corpus.report.skipped == 0);
}

TEST_CASE("a pronouncing dictionary of the new format is read") {
  const Scratch scratch;
  const auto path = scratch.write("cmudict.dict",
                                  "aalborg AO1 L B AO0 R G # place, danish\n"
                                  "# a comment\n"
                                  "\n"
                                  "aalborg(2) AA1 L B AO0 R G\n"
                                  "aalborg(3) AA1 L B AO2 R G #again\n");
  const Corpus plain = read_dictionary(path);
  CHECK(plain.pairs.size() == 2);
  CHECK(plain.report.repeated == 1);
  CHECK_THAT(plain.report.summary(), EndsWith("(1 repeated pronunciation left out)"));
  const Corpus stressed = read_dictionary(path, {.stress = Stress::keep});
  CHECK(stressed.pairs.size() == 3);
  CHECK(stressed.pairs[2].target == Tokens{"AA1", "L", "B", "AO2", "R", "G"});
}

TEST_CASE("dictionary words can keep their case, and keep brackets without a variant number") {
  const Scratch scratch;
  const auto path = scratch.write("d", "(PAREN  P\nX(Y)  Z\nA(12)  B\n(2)  T\nB)  C\nC()  D\n");
  std::vector<std::string> words;
  for (const Pair& pair : read_dictionary(path, {.lowercase = false}).pairs)
    words.push_back(join(pair.source, Tokenizer::characters));
  CHECK(words == std::vector<std::string>{"(PAREN", "X(Y)", "A", "(2)", "B)", "C()"});
}

TEST_CASE("dictionary lines with defects are reported") {
  const Scratch scratch;
  const auto path = scratch.write("d", "ok OW K\nalone\nonly # comment\nD\xC9J\xC0 D EY\n");
  const Corpus corpus = read_dictionary(path);
  CHECK(corpus.report.skipped == 3);
  CHECK_THAT(corpus.report.summary(), EndsWith("d:2:6: no phones after the word)"));
  CHECK_THROWS_WITH(read_dictionary(path, {.on_bad_line = OnBadLine::stop}),
                    EndsWith("d:2:6: no phones after the word"));
  CHECK_THROWS_WITH(read_dictionary(scratch.write("c", ";;; nothing\n")), ContainsSubstring("nothing to read"));
}

TEST_CASE("stress digits are removed only from the vowels of ARPAbet") {
  const Scratch scratch;
  const auto path = scratch.write("d", "a AH0 AH1 AXR2 AH3 AH' 1 é2 K1 ah0\n");
  CHECK(phones(read_dictionary(path, {.stress = Stress::cut})) ==
        std::vector<std::string>{"AH AH AXR AH3 AH' 1 é2 K1 ah0"});
}

TEST_CASE("tones are no stress: both readings of M A1 and M A2 are kept") {
  const Scratch scratch;
  const Dictionary tones = read_dictionary(scratch.write("tones", "ma_yi M A1\nma_er M A2\nma_er M A3\nai AY1\n"));
  CHECK(tones.stress == Stress::keep);
  CHECK(phones(tones) == std::vector<std::string>{"M A1", "M A2", "M A3", "AY1"});
  CHECK_THAT(tones.report.messages().back(),
             EndsWith("tones:1: kept the digits of all phones: that of A1 is not the stress of a vowel in the style of "
                      "the CMU dictionary"));
  const Dictionary stress = read_dictionary(scratch.write("stress", "a AH0\nay AY1\n"));
  CHECK(stress.stress == Stress::cut);
  CHECK(stress.report.messages().size() == 1);
  CHECK(read_dictionary(scratch.write("plain", "a AH\n")).stress == Stress::cut);
}

TEST_CASE("columns of numbers are left out, with a note") {
  const Scratch scratch;
  const Dictionary mfa = read_dictionary(scratch.write("mfa",
                                                       "a\tə\n"
                                                       "cat\t0.99\t0.2\t1.0\t0.5\tk æ t\n"
                                                       "cat\t1\t0.2\t1\t1e-05\tk æ ʔ\n"));
  CHECK(phones(mfa) == std::vector<std::string>{"ə", "k æ t", "k æ ʔ"});
  CHECK_THAT(mfa.report.messages().back(),
             EndsWith("mfa:2: left out the numbers before the phones: 0.99 0.2 1.0 0.5 (and in 1 more line)"));
  const Dictionary kaldi = read_dictionary(scratch.write("lexiconp.txt", "cat 0.7 k ae t\n"));
  CHECK(phones(kaldi) == std::vector<std::string>{"k ae t"});
  CHECK_THAT(kaldi.report.messages().back(), EndsWith("left out the numbers before the phones: 0.7"));
}

TEST_CASE("phones that are whole numbers stay") {
  const Scratch scratch;
  CHECK(phones(read_dictionary(scratch.write("mixed", "a\t0.5 1e400 a\nb 0.5 1x1 b\n"))) ==
        std::vector<std::string>{"1e400 a", "1x1 b"});
  CHECK(phones(read_dictionary(scratch.write("sampa", "öl 2 l\nneun n OY n\n"))) ==
        std::vector<std::string>{"2 l", "n OY n"});
  CHECK(phones(read_dictionary(scratch.write("sampa_mfa", "öl\t0.5\t1\t2 l\nei\t0.5\t2\n"))) ==
        std::vector<std::string>{"2 l", "2"});
}

TEST_CASE("an entry of numbers alone has no phones") {
  const Scratch scratch;
  const Dictionary d = read_dictionary(scratch.write("d", "a\t0.5\ta\nb\t0.5\t0.25\nc 0.5\n"));
  CHECK(phones(d) == std::vector<std::string>{"a"});
  CHECK(d.report.skipped == 2);
  CHECK(d.report.defects.front().reason == "no phones after the word");
}

}  // namespace gradus::data_dictionary_test
