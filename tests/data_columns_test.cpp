#include <gradus/autograd/foundation/error.h>
#include <gradus/data/columns.h>
#include <gradus/data/corpus.h>
#include <gradus/data/features.h>
#include <gradus/data/vocabulary.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::data_columns_test {

using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using namespace std::string_literals;

namespace {

PairOptions chosen(std::string_view columns) {
  return {.target_tokens = Tokenizer::characters, .columns = parse_columns(columns).value()};
}

std::vector<std::string> reasons(const ReadReport& report) {
  std::vector<std::string> found;
  for (const Defect& d : report.defects)
    found.push_back(std::to_string(d.line) + ":" + std::to_string(d.column) + ": " + d.reason);
  return found;
}

using Reasons = std::vector<std::string>;

}  // namespace

TEST_CASE("the ending of a name shows the format of a table") {
  CHECK(format_of("a/t.csv") == TableFormat::csv);
  CHECK(format_of("t.CSV.gz") == TableFormat::csv);
  CHECK(format_of("t.jsonl") == TableFormat::jsonl);
  CHECK(format_of("t.ndjson.GZ") == TableFormat::jsonl);
  for (const char* name : {"t.tsv", "t.txt", "csv", "t.gz", "t", "t.csv.txt", ".csv"})
    CHECK(format_of(name) == TableFormat::tsv);
}

TEST_CASE("columns are chosen by a text") {
  CHECK(parse_columns("") == Columns{});
  CHECK(parse_columns(" features = 3 ") == Columns{.features = "3"});
  CHECK(parse_columns("target=3,features=the tags, source=lemma") ==
        Columns{.source = "lemma", .target = "3", .features = "the tags"});
  CHECK(parse_columns("source=a=b,") == Columns{.source = "a=b"});
  for (const char* text : {"source", "source=", "lemma=1", "source=1,source=2", ",", "source=1,,target=2", "=1"})
    CHECK(parse_columns(text) == std::nullopt);
}

TEST_CASE("features are tokens that no text has") {
  CHECK(feature_tokens("V;PST; 3 ;;SG;") == Tokens{"\tV", "\tPST", "\t3", "\tSG"});
  CHECK(feature_tokens(" ").empty());
  CHECK(feature_name("\tPST") == "PST");
  CHECK(feature_name("PST").empty());
  const Vocabulary vocabulary = Vocabulary::build({{"V", "\tV", "\t<unk>"}});
  CHECK(vocabulary.id("V") != vocabulary.id("\tV"));
  const Scratch scratch;
  CHECK(Vocabulary::load(scratch.write("v", vocabulary.to_text())) == vocabulary);
  CHECK_THAT(vocabulary.to_text(), ContainsSubstring("\n\\x09V\n"));
}

TEST_CASE("the same inflections are read from TSV, CSV and JSON Lines") {
  const auto pairs = read_pairs("tests/data/inflection.tsv", chosen("features=3")).pairs;
  REQUIRE(pairs.size() == 72);
  CHECK(pairs[1] == Pair{{"t", "a", "l", "a", "\tN", "\tSG", "\tGEN"}, {"t", "a", "l", "a", "s"}});
  CHECK(read_pairs("tests/data/inflection_2023.tsv", chosen("target=3,features=2")).pairs == pairs);
  const Corpus csv = read_pairs("tests/data/inflection.csv", chosen("source=lemma,target=form,features=tags"));
  CHECK(csv.pairs == pairs);
  CHECK(csv.report.messages() == Reasons{"read 72 pairs from tests/data/inflection.csv"});
  CHECK(read_pairs("tests/data/inflection.jsonl", chosen("source=lemma,target=form,features=tags")).pairs == pairs);
}

TEST_CASE("a third column of most lines is left out with a note") {
  const Corpus cards = read_pairs("tests/data/cards.tsv");
  REQUIRE(cards.pairs.size() == 6);
  CHECK(cards.pairs[1].target == Tokens{"A", "kevo,", "moon!"});
  REQUIRE(cards.report.messages().size() == 2);
  CHECK_THAT(cards.report.notes.front(),
             ContainsSubstring("cards.tsv has more than two columns") &&
                 ContainsSubstring("the others are left out; data.columns chooses columns"));
  const Scratch scratch;
  SECTION("lines with two columns are pairs, too") {
    const ReadReport report = read_pairs(scratch.write("p", "a\tA\tx\nb\tB\nc\tC\tx\ty\nd\n")).report;
    CHECK(report.pairs == 3);
    CHECK(reasons(report) == Reasons{"4:2: no tab between source and target"});
  }
  SECTION("in half of the lines it is a defect") {
    const ReadReport report = read_pairs(scratch.write("p", "a\tA\tx\nb\tB\n")).report;
    CHECK(report.notes.empty());
    CHECK(reasons(report) == Reasons{"1:4: a second tab; expected two columns"});
    const ReadReport csv = read_pairs(scratch.write("p.csv", "a,A,x\n\"b,b\",B\n")).report;
    CHECK(csv.notes.empty());
    CHECK(reasons(csv) == Reasons{"1:5: a third column; expected two"});
  }
  SECTION("the first hundred lines decide") {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "a\tA\n";
    for (int i = 0; i < 200; ++i) text += "b\tB\tx\n";
    CHECK(read_pairs(scratch.write("p", text)).report.skipped == 200);
  }
  SECTION("at most a megabyte decides") {
    const std::string wide = std::string(600'000, 'a') + "\tA\tx\n";
    std::string text = wide + wide;
    for (int i = 0; i < 50; ++i) text += "b\tB\n";
    CHECK(read_pairs(scratch.write("p", text)).report.skipped == 0);
  }
  SECTION("chosen columns need no note") {
    const ReadReport report = read_pairs("tests/data/cards.tsv", chosen("source=2,target=1")).report;
    CHECK(report.pairs == 6);
    CHECK(report.notes.empty());
  }
}

TEST_CASE("a table with too few columns has a defect per line") {
  const Scratch scratch;
  const auto path = scratch.write("p.tsv", "a\tb\tA\n\nc\tC\nd\n");
  const ReadReport report = read_pairs(path, chosen("target=3")).report;
  CHECK(report.pairs == 1);
  CHECK(reasons(report) ==
        Reasons{"2:1: an empty line", "3:4: 2 columns; expected 3 or more", "4:2: 1 column; expected 3 or more"});
  CHECK(reasons(read_pairs(scratch.write("p.csv", "a,A\nb\n")).report) == Reasons{"2:2: 1 column; expected 2 or more"});
}

TEST_CASE("the names of columns are in the first line") {
  const Scratch scratch;
  const auto path = scratch.write("p.tsv", "id\tform\tlemma\tform\n1\tA\ta\tx\n");
  CHECK(read_pairs(path, chosen("source=lemma,target=2")).pairs == std::vector<Pair>{{{"a"}, {"A"}}});
  CHECK_THROWS_WITH(read_pairs(path, chosen("source=lemma,target=forms")),
                    EndsWith("p.tsv:1: no column has the name forms; the names are id, form, lemma, form"));
  CHECK_THROWS_WITH(read_pairs(path, chosen("source=3,target=99999999999999999999")),
                    EndsWith("no column has the name 99999999999999999999; the names are id, form, lemma, form"));
  CHECK_THROWS_WITH(read_pairs(path, chosen("source=3,target=3x")), ContainsSubstring("no column has the name 3x"));
  CHECK_THROWS_WITH(read_pairs(path, chosen("source=lemma,target=form")),
                    EndsWith("p.tsv:1: two columns have the name form"));
  CHECK_THROWS_WITH(read_pairs(scratch.write("bad", "a\xFF\tb\n"), chosen("features=b")),
                    EndsWith("bad:1:2: the names of the columns: byte 0xFF is not UTF-8"));
  CHECK_THROWS_WITH(read_pairs(scratch.write("empty", ""), chosen("source=x")),
                    EndsWith("empty: nothing to read; expected lines with the chosen columns"));
  CHECK_THROWS_WITH(read_pairs(scratch.write("alone", "a\tb\n"), chosen("source=a")),
                    ContainsSubstring("nothing to read"));
}

TEST_CASE("fields in quotes hold commas, quotes and line breaks") {
  const Scratch scratch;
  const auto path = scratch.write("p.csv",
                                  "\"a,b\",\"say \"\"A\"\"\"\r\n"
                                  "c,5\" wide\r\n"
                                  "\"\"\"d\"\"\",D\r\n"
                                  "e,E,\"two\r\nlines\r\n\"\"\r\nand more\"\r\n"
                                  "f,F");
  const Corpus corpus = read_pairs(path, {.columns = {.source = "1"}});
  CHECK(corpus.report.skipped == 0);
  CHECK(corpus.pairs == std::vector<Pair>{{{"a", ",", "b"}, {"say", "\"A\""}},
                                          {{"c"}, {"5\"", "wide"}},
                                          {{"\"", "d", "\""}, {"D"}},
                                          {{"e"}, {"E"}},
                                          {{"f"}, {"F"}}});
}

TEST_CASE("a defect of a CSV row is found at its line and column") {
  const Scratch scratch;
  const auto check = [&](const std::string& text, const Reasons& expected) {
    const ReadReport report = read_pairs(scratch.write("p.csv", text), {.columns = {.source = "1"}}).report;
    CHECK(reasons(report) == expected);
    return report.pairs;
  };
  CHECK(check("a,\"A\" x\nb,B\n", {"1:6: text between a closing quote and the next comma"}) == 1);
  CHECK(check("a,\"A\nb,B\n", {"1:3: a quote that is never closed"}) == 1);
  CHECK(check("a,A,\"x\ny\" z\nb,B\n",
              {"2:3: text between a closing quote and the next comma", "2:5: 1 column; expected 2 or more"}) == 1);
  CHECK(check("a,A,\"x\n" + std::string(2 << 20, 'y') + "\"\nb,B\n",
              {"1:5: a quote that is never closed", "2:1: the line is longer than 1 MiB"}) == 1);
  CHECK(check("a,A,\"x\n" + std::string((1 << 20) - 5, 'y') + "\"\nb,B\n",
              {"1:5: a quote that is never closed", "2:1048573: 1 column; expected 2 or more"}) == 1);
  CHECK(check("a,\"A\nB\"\nb,B\n", {"1:3: a tab, a line break or a NUL inside the target"}) == 1);
  CHECK(check("a\tb,A\nb,B\n", {"1:1: a tab, a line break or a NUL inside the source"}) == 1);
  CHECK(check("a,\"A\n\xFF\"\nb,B\n", {"2:1: byte 0xFF is not UTF-8"}) == 1);
  CHECK(check("\"\",A\nb,\n\nc,C\n", {"1:1: the source is empty", "2:3: the target is empty", "3:1: an empty line"}) ==
        1);
  CHECK_THROWS_WITH(read_pairs(scratch.write("q.csv", "a\n")), EndsWith("expected lines of source,target"));
}

TEST_CASE("each line of JSON Lines is an object with strings") {
  const Scratch scratch;
  const auto path =
      scratch.write("p.jsonl", R"({"target": "A \u00c9", "source": "\"a\"", "n": 1, "x": {"source": ["b", {}]}})"
                               "\n"
                               R"({"source": "b"})"
                               "\n\n"
                               R"({"source": "b", "target": 7})"
                               "\n"
                               R"({"source": ["b"], "target": "B"})"
                               "\n"
                               R"({"source": {"a": 1}, "target": "B"})"
                               "\n"
                               R"({"source": null, "target": "B"})"
                               "\n"
                               R"({"source": "b", "source": "c", "target": "B"})"
                               "\n"
                               R"(["source"])"
                               "\n\"source\"\n5\nnull\n"
                               R"({"source": "b", "target": "\ud800"})"
                               "\n{\n");
  const Corpus corpus = read_pairs(path);
  CHECK(corpus.pairs == std::vector<Pair>{{{"\"", "a", "\""}, {"A", "É"}}});
  CHECK(corpus.report.skipped == 13);
  CHECK(reasons(corpus.report) ==
        Reasons{"2:1: there is no key target", "3:1: an empty line", "4:1: target is a number; expected a string",
                "5:1: source is a list; expected a string", "6:1: source is an object; expected a string",
                "7:1: source is null; expected a string", "8:1: the key source occurs twice",
                "9:1: a list; expected a JSON object", "10:1: a string; expected a JSON object",
                "11:1: a number; expected a JSON object"});
  const auto broken = scratch.write("q.jsonl",
                                    "{\"source\": \"a\", \"target\": \"A\"}\n{\"source\" 1}\n{\"a\": \xFF}\n"
                                    R"({"source": "a\u0000", "target": "A"})"
                                    "\n"
                                    R"({"source": "a", "target": "A\n"})"
                                    "\n{\n\xC3\n");
  CHECK(reasons(read_pairs(broken).report) ==
        Reasons{"2:11: not JSON", "3:7: byte 0xFF is not UTF-8", "4:1: a tab, a line break or a NUL inside the source",
                "5:1: a tab, a line break or a NUL inside the target", "6:2: not JSON", "7:1: byte 0xC3 is not UTF-8"});
  CHECK_THROWS_WITH(read_pairs(scratch.write("e.jsonl", "{}\n")),
                    EndsWith("expected a JSON object per line with the keys of source and target"));
  CHECK(read_pairs(scratch.write("same.jsonl", R"({"text": "ab"})"), chosen("source=text,target=text")).pairs ==
        std::vector<Pair>{{{"a", "b"}, {"a", "b"}}});
}

TEST_CASE("the format of a table can differ from the ending of its name") {
  const Scratch scratch;
  const auto path = scratch.write("p.csv", "a,b\tA\n");
  CHECK(read_pairs(path, {.format = TableFormat::tsv}).pairs == std::vector<Pair>{{{"a", ",", "b"}, {"A"}}});
  CHECK(read_pairs(scratch.write_gzip("q.csv.gz", "a,A\n")).pairs == std::vector<Pair>{{{"a"}, {"A"}}});
}

TEST_CASE("features count for the length of a source, and may be empty") {
  const Scratch scratch;
  PairOptions options = chosen("features=3");
  options.limit = {3, "data.max_tokens = 3"};
  const Corpus corpus = read_pairs(scratch.write("p", "ab\tA\tV\nab\tA\tV;PST\nab\tA\t\n"), options);
  CHECK(corpus.pairs == std::vector<Pair>{{{"a", "b", "\tV"}, {"A"}}, {{"a", "b"}, {"A"}}});
  CHECK(corpus.report.left_out == 1);
  const ReadReport report = read_pairs(scratch.write("f.csv", "ab,A,\"V\nPST\"\nab,A,V\n"), options).report;
  CHECK(report.pairs == 1);
  CHECK(reasons(report) == Reasons{"1:6: a tab, a line break or a NUL inside the features"});
}

}  // namespace gradus::data_columns_test
