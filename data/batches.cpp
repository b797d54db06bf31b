#include <gradus/data/batches.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include <gradus/autograd/foundation/error.h>
#include <gradus/autograd/foundation/sizes.h>
#include <gradus/data/internal/draws.h>

namespace gradus::data {
namespace {

constexpr Index batches_in_pool = 100;

const EncodedPair& at(const std::vector<EncodedPair>& pairs, Index row) { return pairs[static_cast<std::size_t>(row)]; }

/// Entries of the wider side, with bos_id or eos_id.
Index width(const EncodedPair& pair) { return std::max(std::ssize(pair.source), std::ssize(pair.target)) + 1; }

/// Cuts `rows` into pools. Each has the size of `batches_in_pool` batches without padding.
std::vector<std::vector<Index>> cut_pools(const std::vector<EncodedPair>& pairs, const std::vector<Index>& rows,
                                          const BatchOptions& options) {
  std::vector<std::vector<Index>> pools;
  Index filled = 0;
  for (const Index row : rows) {
    if (pools.empty() || filled >= mul_sat(batches_in_pool, options.size)) {
      pools.emplace_back();
      filled = 0;
    }
    pools.back().push_back(row);
    filled += options.by == BatchBy::sentences ? 1 : width(at(pairs, row));
  }
  return pools;
}

/// Cuts `rows` into batches, each as large as allowed.
std::vector<std::vector<Index>> cut_batches(const std::vector<EncodedPair>& pairs, const std::vector<Index>& rows,
                                            const BatchOptions& options) {
  std::vector<std::vector<Index>> batches;
  Index widest = 0;
  for (const Index row : rows) {
    const Index wider = options.by == BatchBy::sentences ? 1 : std::max(widest, width(at(pairs, row)));
    if (batches.empty() || (std::ssize(batches.back()) + 1) * wider > options.size) {
      batches.emplace_back();
      widest = 0;
    }
    batches.back().push_back(row);
    widest = std::max(widest, width(at(pairs, row)));
  }
  return batches;
}

EncodedPair encode_pair(const Pair& pair, const Vocabulary& source, const Vocabulary& target) {
  return {source.encode(pair.source), target.encode(pair.target)};
}

}  // namespace

std::vector<EncodedPair> encode(const std::vector<Pair>& pairs, const Vocabulary& source, const Vocabulary& target) {
  std::vector<EncodedPair> encoded;
  encoded.reserve(pairs.size());
  for (const Pair& pair : pairs) encoded.push_back(encode_pair(pair, source, target));
  return encoded;
}

std::vector<EncodedPair> encode(std::vector<Pair>&& pairs, const Vocabulary& source, const Vocabulary& target) {
  std::vector<EncodedPair> encoded;
  encoded.reserve(pairs.size());
  for (Pair& pair : pairs) {
    encoded.push_back(encode_pair(pair, source, target));
    pair = {};
  }
  pairs.clear();
  return encoded;
}

Batch make_batch(const std::vector<EncodedPair>& pairs, const std::vector<Index>& rows, bool source_eos) {
  if (rows.empty()) throw Error("a batch needs at least one row; none was given");
  Batch batch;
  batch.size = std::ssize(rows);
  batch.rows = rows;
  for (const Index row : rows) {
    if (row < 0 || row >= std::ssize(pairs))
      throw Error(fmt::format("row {} of a batch is outside the {} pairs", row, pairs.size()));
    const Index source_length = std::ssize(at(pairs, row).source) + (source_eos ? 1 : 0);
    if (source_length == 0)
      throw Error(fmt::format("pair {} has an empty source; a batch needs at least one token", row));
    batch.source_length = std::max(batch.source_length, source_length);
    batch.target_length = std::max(batch.target_length, std::ssize(at(pairs, row).target) + 1);
    batch.target_tokens += std::ssize(at(pairs, row).target) + 1;
  }
  batch.source.assign(static_cast<std::size_t>(batch.size * batch.source_length), pad_id);
  batch.target_in.assign(static_cast<std::size_t>(batch.size * batch.target_length), pad_id);
  batch.target_out = batch.target_in;
  for (Index i = 0; i < batch.size; ++i) {
    const EncodedPair& pair = at(pairs, rows[static_cast<std::size_t>(i)]);
    const auto source_end =
        std::copy(pair.source.begin(), pair.source.end(), batch.source.begin() + i * batch.source_length);
    if (source_eos) *source_end = eos_id;
    const auto in = batch.target_in.begin() + i * batch.target_length;
    *in = bos_id;
    std::copy(pair.target.begin(), pair.target.end(), in + 1);
    *std::copy(pair.target.begin(), pair.target.end(), batch.target_out.begin() + i * batch.target_length) = eos_id;
  }
  return batch;
}

std::vector<std::vector<Index>> plan_batches(const std::vector<EncodedPair>& pairs, const BatchOptions& options) {
  if (options.size < 1) throw Error(fmt::format("the batch size is {}; expected 1 or more", options.size));
  const auto by_length = [&pairs](Index a, Index b) {
    return std::pair(at(pairs, a).source.size(), at(pairs, a).target.size()) <
           std::pair(at(pairs, b).source.size(), at(pairs, b).target.size());
  };
  Draws draws(options.seed, Purpose::batch_order, options.epoch);
  std::vector<Index> rows(pairs.size());
  std::iota(rows.begin(), rows.end(), Index{0});
  if (!options.shuffle) {
    std::stable_sort(rows.begin(), rows.end(), by_length);
    return cut_batches(pairs, rows, options);
  }
  draws.shuffle(rows);
  std::vector<std::vector<Index>> batches;
  for (std::vector<Index>& pool : cut_pools(pairs, rows, options)) {
    std::stable_sort(pool.begin(), pool.end(), by_length);
    std::vector<std::vector<Index>> more = cut_batches(pairs, pool, options);
    std::move(more.begin(), more.end(), std::back_inserter(batches));
  }
  draws.shuffle(batches);
  return batches;
}

void check(const Batch& batch) {
  const auto check_list = [&](const char* name, const auto& list, Index columns) {
    if (batch.size >= 0 && columns >= 0 && std::ssize(list) == mul_sat(batch.size, columns)) return;
    throw Error(
        fmt::format("{} of a batch has {} entries; expected {} rows of {}", name, list.size(), batch.size, columns));
  };
  check_list("source", batch.source, batch.source_length);
  check_list("target_in", batch.target_in, batch.target_length);
  check_list("target_out", batch.target_out, batch.target_length);
  check_list("rows", batch.rows, 1);
}

Batch slice(const Batch& batch, Index begin, Index end) {
  check(batch);
  if (begin < 0 || end < begin || end > batch.size)
    throw Error(fmt::format("the rows [{}, {}) are not all in a batch of {} rows", begin, end, batch.size));
  const auto part = [begin, end](const auto& all, Index columns) {
    return std::vector(all.begin() + begin * columns, all.begin() + end * columns);
  };
  Batch rows;
  rows.size = end - begin;
  rows.source_length = batch.source_length;
  rows.target_length = batch.target_length;
  rows.source = part(batch.source, batch.source_length);
  rows.target_in = part(batch.target_in, batch.target_length);
  rows.target_out = part(batch.target_out, batch.target_length);
  rows.rows = part(batch.rows, 1);
  rows.target_tokens = std::ssize(rows.target_out) - std::count(rows.target_out.begin(), rows.target_out.end(), pad_id);
  return rows;
}

std::vector<Batch> split(const Batch& batch, Index shards) {
  check(batch);
  if (shards < 1) throw Error(fmt::format("a batch cannot be split into {} shards; expected 1 or more", shards));
  const Index pieces = std::min(shards, batch.size);
  std::vector<Batch> parts;
  for (Index i = 0; i < pieces; ++i)
    parts.push_back(slice(batch, batch.size * i / pieces, batch.size * (i + 1) / pieces));
  return parts;
}

}  // namespace gradus::data
