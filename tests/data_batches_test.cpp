#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include <gradus/autograd/foundation/error.h>
#include <gradus/data/batches.h>

#include "catch.h"

namespace gradus::data_batches_test {

using namespace gradus::data;
using Catch::Matchers::ContainsSubstring;

namespace {

using Ids = std::vector<Id>;

/// Pairs of lengths 1 to 20 in an irregular order.
std::vector<EncodedPair> many_pairs(Index count) {
  std::vector<EncodedPair> pairs;
  for (Index i = 0; i < count; ++i) {
    const Index length = 1 + (i * 7919 + i * i % 13) % 20;
    pairs.push_back({Ids(static_cast<std::size_t>(length), 4), Ids(static_cast<std::size_t>(length / 2 + 1), 5)});
  }
  return pairs;
}

bool has_every_row_once(const std::vector<std::vector<Index>>& batches, Index count) {
  std::vector<Index> rows;
  for (const auto& batch : batches) rows.insert(rows.end(), batch.begin(), batch.end());
  std::sort(rows.begin(), rows.end());
  std::vector<Index> expected(static_cast<std::size_t>(count));
  std::iota(expected.begin(), expected.end(), Index{0});
  return rows == expected;
}

}  // namespace

TEST_CASE("encoded pairs hold the ids of both vocabularies") {
  const std::vector<EncodedPair> encoded =
      encode({{{"a", "z"}, {"X"}}}, Vocabulary::build({{"a"}}), Vocabulary::build({{"X"}}));
  REQUIRE(encoded.size() == 1);
  CHECK(encoded[0].source == Ids{4, unk_id});
  CHECK(encoded[0].target == Ids{4});
}

TEST_CASE("batches have bos, eos and padding in the right places") {
  const std::vector<EncodedPair> pairs = {{{7}, {8, 9}}, {{4, 5, 6}, {4}}};
  const Batch batch = make_batch(pairs, {1, 0});
  CHECK(batch.size == 2);
  CHECK(batch.source_length == 4);
  CHECK(batch.target_length == 3);
  CHECK(batch.source == Ids{4, 5, 6, eos_id, 7, eos_id, pad_id, pad_id});
  CHECK(batch.target_in == Ids{bos_id, 4, pad_id, bos_id, 8, 9});
  CHECK(batch.target_out == Ids{4, eos_id, pad_id, 8, 9, eos_id});
  CHECK(batch.rows == std::vector<Index>{1, 0});
  CHECK(batch.target_tokens == 5);
  CHECK(make_batch(pairs, {1, 0}, false).source == Ids{4, 5, 6, 7, pad_id, pad_id});
}

TEST_CASE("a batch without rows or with a wrong row is refused") {
  const std::vector<EncodedPair> pairs = {{{}, {4}}};
  CHECK_THROWS_AS(make_batch(pairs, {}), Error);
  CHECK_THROWS_WITH(make_batch(pairs, {1}), ContainsSubstring("row 1"));
  CHECK_THROWS_AS(make_batch(pairs, {-1}), Error);
  CHECK(make_batch(pairs, {0}).source == Ids{eos_id});
  CHECK_THROWS_WITH(make_batch(pairs, {0}, false), ContainsSubstring("empty source"));
}

TEST_CASE("every pair is in exactly one batch, and no batch is too large") {
  const auto pairs = many_pairs(1003);
  for (const bool shuffle : {true, false}) {
    const auto by_sentences = plan_batches(pairs, {.size = 8, .shuffle = shuffle});
    CHECK(has_every_row_once(by_sentences, 1003));
    CHECK(by_sentences.size() == 126);
    CHECK(std::all_of(by_sentences.begin(), by_sentences.end(), [](const auto& rows) { return rows.size() <= 8; }));

    const auto by_tokens = plan_batches(pairs, {.by = BatchBy::tokens, .size = 100, .shuffle = shuffle});
    CHECK(has_every_row_once(by_tokens, 1003));
    for (const auto& rows : by_tokens) {
      const Batch batch = make_batch(pairs, rows);
      REQUIRE(batch.size * std::max(batch.source_length, batch.target_length) <= 100);
    }
  }
  CHECK(plan_batches({}, {}).empty());
}

TEST_CASE("a pair larger than the limit is a batch of its own") {
  const auto batches = plan_batches(many_pairs(40), {.by = BatchBy::tokens, .size = 1});
  CHECK(batches.size() == 40);
  CHECK(has_every_row_once(batches, 40));
}

TEST_CASE("batches hold little padding") {
  const auto pairs = many_pairs(4000);
  Index entries = 0, padding = 0;
  for (const auto& rows : plan_batches(pairs, {.size = 32})) {
    const Batch batch = make_batch(pairs, rows);
    entries += std::ssize(batch.source);
    padding += std::count(batch.source.begin(), batch.source.end(), pad_id);
  }
  CHECK(padding * 50 < entries);
}

TEST_CASE("the order of batches depends only on seed and epoch") {
  const auto pairs = many_pairs(500);
  const BatchOptions options{.size = 10, .seed = 3, .epoch = 1};
  const auto plan = plan_batches(pairs, options);
  CHECK(plan == plan_batches(pairs, options));
  CHECK_FALSE(plan == plan_batches(pairs, {.size = 10, .seed = 3, .epoch = 2}));
  CHECK_FALSE(plan == plan_batches(pairs, {.size = 10, .seed = 4, .epoch = 1}));
  const auto still = plan_batches(pairs, {.size = 10, .shuffle = false, .seed = 3});
  CHECK(still == plan_batches(pairs, {.size = 10, .shuffle = false, .seed = 4, .epoch = 9}));
  CHECK(pairs[static_cast<std::size_t>(still.front().front())].source.size() == 1);
  CHECK(pairs[static_cast<std::size_t>(still.back().back())].source.size() == 20);
  CHECK_THROWS_AS(plan_batches(pairs, {.size = 0}), Error);
}

TEST_CASE("batches of one epoch are not sorted by length") {
  const auto pairs = many_pairs(2000);
  std::vector<std::size_t> lengths;
  for (const auto& rows : plan_batches(pairs, {.size = 20}))
    lengths.push_back(pairs[static_cast<std::size_t>(rows[0])].source.size());
  CHECK_FALSE(std::is_sorted(lengths.begin(), lengths.end()));
}

TEST_CASE("the parts of a split batch have even sizes and together are the whole batch") {
  const auto pairs = many_pairs(7);
  const Batch whole = make_batch(pairs, {0, 1, 2, 3, 4, 5, 6});
  for (const Index shards : {1, 2, 3, 7, 50}) {
    const std::vector<Batch> parts = split(whole, shards);
    CHECK(std::ssize(parts) == std::min<Index>(shards, 7));
    Batch again;
    for (const Batch& part : parts) {
      CHECK(part.size >= 7 / std::ssize(parts));
      CHECK(part.size <= 7 / std::ssize(parts) + 1);
      CHECK(part.source_length == whole.source_length);
      CHECK(part.target_length == whole.target_length);
      again.source.insert(again.source.end(), part.source.begin(), part.source.end());
      again.target_in.insert(again.target_in.end(), part.target_in.begin(), part.target_in.end());
      again.target_out.insert(again.target_out.end(), part.target_out.begin(), part.target_out.end());
      again.rows.insert(again.rows.end(), part.rows.begin(), part.rows.end());
      again.target_tokens += part.target_tokens;
    }
    CHECK(again.source == whole.source);
    CHECK(again.target_in == whole.target_in);
    CHECK(again.target_out == whole.target_out);
    CHECK(again.rows == whole.rows);
    CHECK(again.target_tokens == whole.target_tokens);
  }
  CHECK_THROWS_AS(split(whole, 0), Error);
}

TEST_CASE("rows outside a batch are refused") {
  const Batch whole = make_batch(many_pairs(3), {0, 1, 2});
  CHECK(slice(whole, 1, 1).size == 0);
  CHECK(slice(whole, 0, 3).source == whole.source);
  constexpr std::pair<Index, Index> cases[] = {{-1, 1}, {0, 4}, {5, 6}, {2, 1}, {-10'000'000, -9'999'999}};
  for (const auto& [begin, end] : cases) {
    CHECK_THROWS_WITH(slice(whole, begin, end),
                      ContainsSubstring(fmt::format("the rows [{}, {}) are not all in a batch of 3 rows", begin, end)));
  }
}

TEST_CASE("a batch whose lists do not fit its size is refused") {
  const Batch whole = make_batch(many_pairs(3), {0, 1, 2});
  const auto refused = [&](auto change, const char* message) {
    Batch batch = whole;
    change(batch);
    CHECK_THROWS_WITH(split(batch, 2), ContainsSubstring(message));
    CHECK_THROWS_WITH(slice(batch, 0, 1), ContainsSubstring(message));
  };
  refused([](Batch& b) { b.size = 100'000; }, "expected 100000 rows of");
  refused([](Batch& b) { b.size = -1; }, "expected -1 rows of");
  refused([](Batch& b) { b.source_length = Index{1} << 62; }, "source of a batch has");
  refused([](Batch& b) { b.source.pop_back(); }, "source of a batch has");
  refused([](Batch& b) { b.target_length = -1; }, "target_in of a batch has");
  refused([](Batch& b) { b.target_in.clear(); }, "target_in of a batch has 0 entries");
  refused([](Batch& b) { b.target_out.push_back(1); }, "target_out of a batch has");
  refused([](Batch& b) { b.rows.clear(); }, "rows of a batch has 0 entries; expected 3 rows of 1");
  CHECK(split(Batch{}, 2).empty());
}

TEST_CASE("a batch of any size holds all pairs") {
  constexpr Index most = std::numeric_limits<Index>::max();
  for (const Index size : {most, most / 64})
    for (const bool shuffle : {false, true})
      for (const BatchBy by : {BatchBy::sentences, BatchBy::tokens})
        CHECK(plan_batches(many_pairs(3), {.by = by, .size = size, .shuffle = shuffle}).size() == 1);
}

}  // namespace gradus::data_batches_test
