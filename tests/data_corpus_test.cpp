#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/internal/sanitizers.h>
#include <gradus/data/corpus.h>
#include <gradus/data/dictionary.h>
#include <gradus/data/internal/lines.h>

#include "catch.h"
#include "data_scratch.h"

namespace gradus::data_corpus_test {

using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using namespace std::string_literals;

TEST_CASE("pairs are read from tab-separated lines") {
  const Scratch scratch;
  const Corpus corpus = read_pairs(scratch.write("p.tsv", "ab\tAA K\nÉ\tX"));
  CHECK(corpus.pairs == std::vector<Pair>{{{"a", "b"}, {"AA", "K"}}, {{"É"}, {"X"}}});
  CHECK(corpus.report.summary() == "read 2 pairs from " + (scratch.folder() / "p.tsv").string());
}

TEST_CASE("each side takes each tokenizer, and lower case is an option") {
  const Scratch scratch;
  const auto path = scratch.write("p.tsv", "Das Haus\tÄb\n");
  const PairOptions options{
      .source_tokens = Tokenizer::whitespace, .target_tokens = Tokenizer::characters, .lowercase = true};
  CHECK(read_pairs(path, options).pairs == std::vector<Pair>{{{"das", "haus"}, {"ä", "b"}}});
}

TEST_CASE("a byte-order mark, CRLF and gzip make no difference") {
  const Scratch scratch;
  const std::string text = "ab\tA B\ncd\tC D\n";
  const auto plain = read_pairs(scratch.write("plain", text)).pairs;
  CHECK(read_pairs(scratch.write("windows", "\xEF\xBB\xBF"s + "ab\tA B\r\ncd\tC D\r\n")).pairs == plain);
  CHECK(read_pairs(scratch.write_gzip("packed.gz", text)).pairs == plain);
}

TEST_CASE("a bad line is skipped and reported with line, column and reason") {
  const Scratch scratch;
  const auto path = scratch.write("p.tsv", "a\tA\nécd\ne\tE\tF\n\tG\nh\t \n\nx\xE9\tX\nn\0\tN\no\tO\rp\tP\r\nz\tZ\n"s);
  const Corpus corpus = read_pairs(path);
  CHECK(corpus.pairs.size() == 2);
  const ReadReport& report = corpus.report;
  CHECK(report.skipped == 8);
  struct Expected {
    Index line, column;
    std::string reason;
  };
  const std::vector<Expected> expected = {{2, 4, "no tab between source and target"},
                                          {3, 4, "a second tab; expected two columns"},
                                          {4, 1, "the source is empty"},
                                          {5, 3, "the target is empty"},
                                          {6, 1, "an empty line"},
                                          {7, 2, "byte 0xE9 is not UTF-8"},
                                          {8, 2, "a NUL byte in the text"},
                                          {9, 4, "a carriage return inside the line; lines end in LF or CRLF"}};
  REQUIRE(report.defects.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(report.defects[i].path == path.string());
    CHECK(report.defects[i].line == expected[i].line);
    CHECK(report.defects[i].column == expected[i].column);
    CHECK(report.defects[i].reason == expected[i].reason);
  }
  CHECK_THAT(report.summary(),
             EndsWith("(8 lines skipped: first at " + path.string() + ":2:4: no tab between source and target)"));
}

TEST_CASE("pairs above the limit are left out, counted and described, and are no defects") {
  const Scratch scratch;
  const TokenLimit limit{3, "model.max_length = 4"};
  const auto tsv = scratch.write("p.tsv", "abc\tA B C\nabcd\tA\nab\tA B C D\n");
  const Corpus pairs = read_pairs(tsv, {.on_bad_line = OnBadLine::stop, .limit = limit});
  CHECK(pairs.pairs.size() == 1);
  CHECK(pairs.report.messages() ==
        std::vector<std::string>{"read 1 pair from " + tsv.string() + " (2 pairs left out: first at " + tsv.string() +
                                     ":2:1: the source has 4 tokens, more than 3 (model.max_length = 4))",
                                 "left out " + tsv.string() +
                                     ":3:4: the target has 4 tokens, more than 3 "
                                     "(model.max_length = 4)"});
  const auto sources = scratch.write("s", "ab\nabcd\nab\n"), targets = scratch.write("t", "A\nB\nA B C D\n");
  const ReadReport parallel = read_parallel(sources, targets, {.limit = limit}).report;
  CHECK(parallel.left_out == 2);
  CHECK(parallel.long_pairs[0].described() == sources.string() + ":2:1: the source has " + limit.excess(4));
  CHECK(parallel.long_pairs[1].described() == targets.string() + ":3:1: the target has " + limit.excess(4));
  const auto words = scratch.write("d", "AB  A B\nABCD  A\nABCD  A\nAB  A B C D\n");
  const Corpus dictionary = read_dictionary(words, {.limit = limit});
  CHECK(dictionary.pairs.size() == 1);
  CHECK(dictionary.report.left_out == 3);
  CHECK(dictionary.report.repeated == 0);
}

TEST_CASE("pairs that leave no memory for training end the reading with the line") {
  if (sanitizers::watching) return;  // they reserve more address space than any limit here
  const Scratch scratch;
  std::string text;
  for (int i = 0; i < 600; ++i) text += std::string(1000, 'a') + "\tA\n";
  const auto path = scratch.write("p.tsv", text);
  CHECK(read_pairs(path).pairs.size() == 600);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_AS, &before) == 0);
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlimit less{pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (rlim_t{24} << 20), before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_AS, &less) == 0);
  std::string message;
  try {
    read_pairs(path);
  } catch (const Error& e) {
    message = e.what();
  }
  REQUIRE(setrlimit(RLIMIT_AS, &before) == 0);
  CHECK_THAT(message, ContainsSubstring("p.tsv:523: the pairs so far take 16 MB, and the process can get only ") &&
                          EndsWith(" MB more (the limit of the address space): use fewer pairs, or raise the limit"));
}

TEST_CASE("a file whose pairs are all left out is refused with the first of them") {
  const Scratch scratch;
  const TokenLimit limit{1, "data.max_tokens = 1"};
  const auto file = scratch.write("p.tsv", "ab\tA\ncd\tB\n");
  CHECK_THROWS_WITH(read_pairs(file, {.limit = limit}),
                    EndsWith("p.tsv: all 2 pairs are left out (first: " + file.string() + ":1:1: the source has " +
                             limit.excess(2) + ")"));
  CHECK_THROWS_WITH(read_pairs(scratch.write("q.tsv", "ab\tA\nc\n"), {.limit = limit}),
                    ContainsSubstring("none of 2 lines is good (first: ") && ContainsSubstring("q.tsv:2:2: no tab"));
}

TEST_CASE("all bad lines are counted, and the first ten are kept") {
  const Scratch scratch;
  std::string text = "good\tG\n";
  for (int i = 0; i < 5000; ++i) text += "bad\n";
  const ReadReport report = read_pairs(scratch.write("p.tsv", text)).report;
  CHECK(report.skipped == 5000);
  CHECK(report.defects.size() == 10);
  CHECK(report.summary().find('\n') == std::string::npos);
}

TEST_CASE("the report has a line per kept defect and the number of the others") {
  const Scratch scratch;
  const auto path = scratch.write("p.tsv", "good\tG\nbad\n\tT\n");
  CHECK(read_pairs(path).report.messages() ==
        std::vector<std::string>{"read 1 pair from " + path.string() + " (2 lines skipped: first at " + path.string() +
                                     ":2:4: no tab between source and target)",
                                 "skipped " + path.string() + ":3:1: the source is empty"});
  std::string text = "good\tG\n";
  for (int i = 0; i < 5000; ++i) text += "bad\n";
  const std::vector<std::string> messages = read_pairs(scratch.write("p.tsv", text)).report.messages();
  CHECK(messages.size() == 11);
  CHECK(messages.back() == "skipped 4990 more lines of " + path.string());
}

TEST_CASE("with OnBadLine::stop a bad line ends the reading") {
  const Scratch scratch;
  const auto path = scratch.write("p.tsv", "a\tA\nbc\n");
  CHECK_THROWS_WITH(read_pairs(path, {.on_bad_line = OnBadLine::stop}),
                    path.string() + ":2:3: no tab between source and target");
}

TEST_CASE("a line over 1 MiB is a defect, and the next line is read") {
  const Scratch scratch;
  const std::string longest = std::string(LineReader::longest - 2, 'x') + "\tA\n";
  CHECK(read_pairs(scratch.write("fits", longest + "b\tB\n")).report.skipped == 0);
  const Corpus corpus = read_pairs(scratch.write("long", "x" + longest + "b\tB\n" + "xx" + longest));
  CHECK(corpus.pairs == std::vector<Pair>{{{"b"}, {"B"}}});
  CHECK(corpus.report.skipped == 2);
  CHECK(corpus.report.defects[1].line == 3);
  CHECK(corpus.report.defects[1].reason == "the line is longer than 1 MiB");
  const Corpus far = read_pairs(scratch.write("far", std::string(3 * LineReader::longest, 'x') + "\nb\tB"));
  CHECK(far.report.skipped == 1);
  CHECK(far.pairs == corpus.pairs);
}

TEST_CASE("two files give one pair per line") {
  const Scratch scratch;
  const auto sources = scratch.write("s",
                                     "\xEF\xBB\xBF"
                                     "ab\r\nÉ\r\n"),
             targets = scratch.write_gzip("t.gz", "AA K\nX");
  const Corpus corpus = read_parallel(sources, targets);
  CHECK(corpus.pairs == std::vector<Pair>{{{"a", "b"}, {"AA", "K"}}, {{"É"}, {"X"}}});
  CHECK(corpus.report.summary() == "read 2 pairs from " + sources.string() + " and " + targets.string());
  const Corpus words = read_parallel(sources, targets, {.source_tokens = Tokenizer::whitespace, .lowercase = true});
  CHECK(words.pairs == std::vector<Pair>{{{"ab"}, {"aa", "k"}}, {{"é"}, {"x"}}});
}

TEST_CASE("a bad line in one of two files skips its pair and is reported with its file") {
  const Scratch scratch;
  const auto sources = scratch.write("s", "a\n\nc\nd\te\nf\ng\n"),
             targets = scratch.write("t", "A\nB\n \nD\n\xFF\nG\n");
  const ReadReport report = read_parallel(sources, targets).report;
  CHECK(report.pairs == 2);
  CHECK(report.skipped == 4);
  const std::string s = sources.string(), t = targets.string();
  CHECK(report.messages() ==
        std::vector<std::string>{
            "read 2 pairs from " + s + " and " + t + " (4 lines skipped: first at " + s + ":2:1: the source is empty)",
            "skipped " + t + ":3:1: the target is empty",
            "skipped " + s + ":4:2: a tab; expected one side of a pair per line",
            "skipped " + t + ":5:1: byte 0xFF is not UTF-8"});
  CHECK_THROWS_WITH(read_parallel(sources, targets, {.on_bad_line = OnBadLine::stop}), s + ":2:1: the source is empty");
  CHECK_THROWS_WITH(
      read_parallel(scratch.write("e1", ""), scratch.write("e2", "")),
      ContainsSubstring("e1 and ") && ContainsSubstring("nothing to read; expected a source on each line"));
  CHECK_THROWS_WITH(read_parallel(scratch.write("b1", "a\tb\n"), scratch.write("b2", "A\n")),
                    ContainsSubstring("none of 1 line is good (first: ") && ContainsSubstring("b1:1:2: a tab"));
}

TEST_CASE("two files of unequal length are refused") {
  const Scratch scratch;
  const auto three = scratch.write("three", "a\nb\nc\n"), two = scratch.write("two", "A\nB\n"),
             blank = scratch.write("blank", "A\nB\n\n\n"), none = scratch.write("none", "");
  const auto refused = [](const auto& sources, const auto& targets, const auto& shorter, const char* lines,
                          const auto& longer) {
    for (const OnBadLine on_bad_line : {OnBadLine::skip, OnBadLine::stop}) {
      CHECK_THROWS_WITH(
          read_parallel(sources, targets, {.on_bad_line = on_bad_line}),
          ContainsSubstring(shorter.string() + " ends after " + lines + ", but " + longer.string() + " continues"));
    }
  };
  refused(three, two, two, "2 lines", three);
  refused(two, three, two, "2 lines", three);
  refused(three, none, none, "0 lines", three);
  CHECK_THROWS_WITH(read_parallel(three, blank), ContainsSubstring(three.string() + " ends after 3 lines"));
}

TEST_CASE("a file without pairs is an error with the reason") {
  const Scratch scratch;
  CHECK_THROWS_WITH(read_pairs(scratch.folder() / "none.tsv"),
                    ContainsSubstring("none.tsv") && ContainsSubstring("No such file"));
  CHECK_THROWS_WITH(read_pairs(scratch.folder()), ContainsSubstring("this is a folder"));
  CHECK_THROWS_WITH(read_pairs(scratch.write("empty", "")),
                    ContainsSubstring("nothing to read; expected lines of source<TAB>target"));
  CHECK_THROWS_WITH(read_pairs(scratch.write("bom", "\xEF\xBB\xBF")), ContainsSubstring("nothing to read"));
  CHECK_THROWS_WITH(read_pairs(scratch.write("bad", "a b\nc\n")),
                    ContainsSubstring("none of 2 lines is good") && ContainsSubstring("bad:1:4: no tab"));
}

TEST_CASE("files that are not UTF-8 text are recognised") {
  const Scratch scratch;
  const auto refused = [&scratch](const std::string& bytes, const std::string& what) {
    CHECK_THROWS_WITH(read_pairs(scratch.write("f", bytes)), ContainsSubstring("this is " + what));
  };
  refused("\xFF\xFE"s + "a\0\t\0b\0\n\0"s, "UTF-16 text");
  refused("a\0\t\0b\0\n\0"s, "UTF-16 text");
  refused("\0a\0\t\0b\0\n"s, "UTF-16 text");
  refused(std::string(100, '\0'), "binary data");
  refused("\xFF\xFE\0\0a\0\0\0"s, "UTF-32 text");
  refused("\0\0\xFE\xFF\0\0\0a"s, "UTF-32 text");
  refused("PK\x03\x04rest", "a zip archive");
  refused("BZh91AY&SYrest", "a bzip2 file");
  refused("\xFD\x37zXZ\0rest"s, "an xz file");
  std::string noise;
  for (unsigned i = 0, x = 1; i < 3000; ++i) noise += static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  refused(noise, "binary data");
  std::string cyrillic;
  for (int i = 0; i < 40; ++i) cyrillic += "\xCF\xF0\xE8\xE2\xE5\xF2\t\xEC\xE8\xF0\n";
  refused(cyrillic, "binary data or text in another encoding");
}

TEST_CASE("a gzip file inside another is recognised") {
  const Scratch scratch;
  const std::string packed = contents(scratch.write_gzip("once.gz", "ab\tA B\n"));
  CHECK_THROWS_WITH(read_pairs(scratch.write_gzip("twice.gz", packed)),
                    ContainsSubstring("this is a gzip file inside"));
}

TEST_CASE("an incomplete gzip file is an error, not a short corpus") {
  const Scratch scratch;
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * 7919) + "\tA " + std::to_string(i) + "\n";
  const std::string packed = contents(scratch.write_gzip("whole.gz", text));
  CHECK_THROWS_WITH(read_pairs(scratch.write("cut.gz", packed.substr(0, packed.size() / 2))),
                    ContainsSubstring("reading failed"));
}

TEST_CASE("a gzip file with a wrong byte is an error") {
  const Scratch scratch;
  std::string packed = contents(scratch.write_gzip("whole.gz", "ab\tA B\ncd\tC D\n"));
  packed[packed.size() - 6] ^= 1;
  CHECK_THROWS_WITH(read_pairs(scratch.write("bad.gz", packed)),
                    ContainsSubstring("reading failed after line 0: the gzip data are damaged"));
}

TEST_CASE("all members of a gzip file are read, and other bytes after them are an error") {
  const Scratch scratch;
  const std::string one = contents(scratch.write_gzip("1.gz", "ab\tA B\n")),
                    two = contents(scratch.write_gzip("2.gz", "cd\tC D\n"));
  CHECK(read_pairs(scratch.write("both.gz", one + two)).pairs ==
        std::vector<Pair>{{{"a", "b"}, {"A", "B"}}, {{"c", "d"}, {"C", "D"}}});
  for (const std::string& behind : {std::string("lost\tL\n"), std::string(512, '\0')}) {
    CHECK_THROWS_WITH(read_pairs(scratch.write("more.gz", one + behind)),
                      ContainsSubstring("bytes that are not gzip follow the gzip data"));
  }
  CHECK_THROWS_WITH(read_pairs(scratch.write("cut.gz", one + two.substr(0, 3))),
                    ContainsSubstring("it ends too early"));
  std::string bad = two;
  bad[bad.size() - 6] ^= 1;
  CHECK_THROWS_WITH(read_pairs(scratch.write("bad.gz", one + bad)), ContainsSubstring("the gzip data are damaged"));
  CHECK_THROWS_WITH(read_pairs(scratch.write("short", "\x1F")), ContainsSubstring("none of 1 line is good"));
}

TEST_CASE("text that begins with the first letters of another format is text") {
  const Scratch scratch;
  CHECK(read_pairs(scratch.write("bzh", "BZh\tA\n")).pairs == std::vector<Pair>{{{"B", "Z", "h"}, {"A"}}});
}

TEST_CASE("lines are read from an open file, which stays open") {
  const Scratch scratch;
  const auto path = scratch.write("lines", "one\ntwo\n");
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(::lseek(file, 4, SEEK_SET) == 4);
  Line line;
  {
    LineReader reader(file, "standard input");
    REQUIRE(reader.next(line));
    CHECK(line.text == "two");
    CHECK_FALSE(reader.next(line));
  }
  CHECK(::close(file) == 0);
  CHECK_THROWS_WITH(LineReader(file, "standard input"),
                    "standard input: the file cannot be opened: Bad file descriptor");
  const int folder = ::open(scratch.folder().c_str(), O_RDONLY | O_CLOEXEC);
  CHECK_THROWS_WITH(LineReader(folder, "standard input"),
                    ContainsSubstring("reading failed after line 0: Is a directory"));
  CHECK(::close(folder) == 0);
}

TEST_CASE("the tokens of each side are counted") {
  const std::vector<Pair> pairs = {{{"a", "b", "a"}, {"X"}}, {{"a"}, {"X", "Y"}}};
  CHECK(count_source_tokens(pairs) == TokenCounts{{"a", 3}, {"b", 1}});
  CHECK(count_target_tokens(pairs) == TokenCounts{{"X", 2}, {"Y", 1}});
}

}  // namespace gradus::data_corpus_test
