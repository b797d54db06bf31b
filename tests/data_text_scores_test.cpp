#include <gradus/autograd/foundation/error.h>
#include <gradus/data/text_scores.h>

#include "catch.h"

using namespace gradus;
using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("BLEU and chrF of a corpus are those of sacreBLEU") {
  struct Case {
    const char* name;
    std::vector<std::string> outputs;
    std::vector<References> references;
    double bleu, chrf;
  };
  // Printed by tests/reference/text_scores.py.
  const Case cases[] = {
      {"equal", {"the cat sat on the mat"}, {{"the cat sat on the mat"}}, 100, 100},
      {"one word differs",
       {"the cat sat on a mat today"},
       {{"the cat sat on the mat today"}},
       48.89230224,
       72.27225739},
      {"short output", {"the cat sat on"}, {{"the cat sat on the mat"}}, 60.65306597, 63.34974535},
      {"no 4-gram in common", {"a b c x d e f"}, {{"a b c d e f g"}}, 41.11336169, 32.06349206},
      {"no word in common", {"aa bb cc dd"}, {{"ee ff gg hh"}}, 0, 0},
      {"three words", {"a b c"}, {{"a b c"}}, 0, 100},
      {"empty output", {""}, {{"a b c d"}}, 0, 0},
      {"signs",
       {"He said: \"1,000.50 -- no!\" (3-4), it's A.B..C, x&lt;y"},
       {{"He said \"1,000.50 - no\" (3-4) it's A.B..C, x < y."}},
       62.13535749,
       65.49868389},
      {"two references",
       {"the cat is on the mat now", "it is a dog , I think"},
       {{"there is a cat on the mat now", "the cat is on a mat"}, {"it is a dog, I guess", "that is a dog I think"}},
       82.54605647,
       62.73337586},
      {"unequal references",
       {"ein Haus am See ist schön", "ça va bien , merci"},
       {{"ein Haus am See ist sehr schön"}, {"ça va très bien, merci", "ça va"}},
       54.13856439,
       69.53899326},
      {"letters", {"καλημέρα κόσμε", "größer"}, {{"καλημερα κόσμε"}, {"grösser", "größe"}}, 0, 66.15238903},
      {"white space", {"a\u3000b\u00a0c d\te"}, {{"a b c d e"}}, 100, 100},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(bleu(c.outputs, c.references) == Approx(c.bleu).epsilon(1e-9));
    CHECK(chrf(c.outputs, c.references) == Approx(c.chrf).epsilon(1e-9));
  }
}

TEST_CASE("BLEU and chrF need an output for each source and a reference for each source") {
  for (const auto score : {bleu, chrf}) {
    CHECK_THROWS_WITH(score({}, {}), ContainsSubstring("nothing to score"));
    CHECK_THROWS_WITH(score({"a"}, {}), ContainsSubstring("1 outputs for 0 sources"));
    CHECK_THROWS_WITH(score({"a", "b"}, {{"a"}, {}}), ContainsSubstring("source 2 has no reference"));
  }
}
