#pragma once

#include <cstdint>
#include <vector>

#include <gradus/autograd/foundation/types.h>
#include <gradus/data/corpus.h>
#include <gradus/data/vocabulary.h>

namespace gradus::data {

/// A pair as ids, without bos_id and eos_id.
struct EncodedPair {
  std::vector<Id> source;
  std::vector<Id> target;
};

std::vector<EncodedPair> encode(const std::vector<Pair>& pairs, const Vocabulary& source, const Vocabulary& target);

/// Pairs side by side, row-major; rows shorter than the longest are filled up with pad_id at their end.
struct Batch {
  Index size = 0;
  Index source_length = 0;
  Index target_length = 0;
  std::vector<Id> source;      // [size, source_length]
  std::vector<Id> target_in;   // [size, target_length]: bos_id, then the target
  std::vector<Id> target_out;  // [size, target_length]: the target, then eos_id
  std::vector<Index> rows;     // [size]: where each row stands among the pairs
  Index target_tokens = 0;     // entries of target_out that are not padding
};

/// The pairs at `rows`, in that order; with `source_eos` each source is followed by eos_id.
/// Throws Error when there are no rows, or a row or its source is not there.
Batch make_batch(const std::vector<EncodedPair>& pairs, const std::vector<Index>& rows, bool source_eos = true);

/// What the size of a batch counts: pairs, or entries of the wider of its two sides, padding, bos_id and eos_id
/// included.
enum class BatchBy { sentences, tokens };

struct BatchOptions {
  BatchBy by = BatchBy::sentences;
  Index size = 64;
  bool shuffle = true;
  std::uint64_t seed = 1;
  std::uint64_t epoch = 0;
};

/// Rows for make_batch: every pair in exactly one batch, pairs of like length together. A batch is never larger than
/// `size`, save for a single pair that is. Shuffled: pairs are put in random order, cut into pools of 100 batches,
/// sorted by length within their pool, and the batches put in random order. Otherwise all pairs are one pool, and
/// batches come from short to long. A function of its arguments alone. Throws Error when size < 1.
std::vector<std::vector<Index>> plan_batches(const std::vector<EncodedPair>& pairs, const BatchOptions& options);

/// The batch cut by rows into min(shards, size) batches, in order, whose sizes differ by one at most. All keep the
/// widths of the whole. Throws Error when shards < 1.
std::vector<Batch> split(const Batch& batch, Index shards);

}  // namespace gradus::data
