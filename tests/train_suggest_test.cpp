#include <gradus/train/internal/suggest.h>

#include "catch.h"

namespace gradus::train::train_suggest_test {

TEST_CASE("a near name from a file is shown without its control characters") {
  CHECK(did_you_mean("w", {"\x1B"}) == "; did you mean \\x1B?");
  CHECK(did_you_mean("train.ls", {"train.lr"}) == "; did you mean train.lr?");
}

}  // namespace gradus::train::train_suggest_test
