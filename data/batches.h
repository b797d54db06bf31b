#pragma once

#include <cstdint>
#include <vector>

#include <gradus/autograd/foundation/types.h>
#include <gradus/data/corpus.h>
#include <gradus/data/vocabulary.h>

namespace gradus::data {

/// A pair as ids, without bos_id and eos_id.
struct EncodedPair {
  std::vector<Id> source;  // in the source vocabulary
  std::vector<Id> target;  // in the target vocabulary
};

/// The ids of the tokens of each pair; unk_id for a token that a vocabulary does not have.
std::vector<EncodedPair> encode(const std::vector<Pair>& pairs, const Vocabulary& source, const Vocabulary& target);
/// The same for pairs that are not needed any more. Frees each when it is encoded, to save memory.
std::vector<EncodedPair> encode(std::vector<Pair>&& pairs, const Vocabulary& source, const Vocabulary& target);

/// Pairs as rows of matrices, row-major. Rows shorter than the longest end in pad_id.
struct Batch {
  Index size = 0;              // pairs
  Index source_length = 0;     // entries of the longest source
  Index target_length = 0;     // entries of the longest target, with bos_id or eos_id
  std::vector<Id> source;      // [size, source_length]
  std::vector<Id> target_in;   // [size, target_length]: bos_id, then the target
  std::vector<Id> target_out;  // [size, target_length]: the target, then eos_id
  std::vector<Index> rows;     // [size]: the index of each row's pair
  Index target_tokens = 0;     // entries of target_out that are not padding
};

/// The pairs at `rows`, in that order. With `source_eos`, eos_id follows each source.
/// Throws Error when `rows` is empty, a row is not the index of a pair, or a source has no entry.
Batch make_batch(const std::vector<EncodedPair>& pairs, const std::vector<Index>& rows, bool source_eos = true);

/// The unit of a batch size: pairs, or entries of the wider side, with padding, bos_id and eos_id.
enum class BatchBy { sentences, tokens };

/// How `plan_batches` divides pairs into batches.
struct BatchOptions {
  BatchBy by = BatchBy::sentences;  // what `size` counts
  Index size = 64;                  // the largest batch, in the unit of `by`
  bool shuffle = true;              // false: one pool, from short to long
  std::uint64_t seed = 1;           // of the order when shuffled
  std::uint64_t epoch = 0;          // each epoch has another order
};

/// Rows for make_batch. Every pair is in exactly one batch, with pairs of similar length. A batch is never larger than
/// `size`, unless it is a single pair. The result depends only on the arguments.
/// - Shuffled: the pairs are shuffled and cut into pools of 100 batches; each pool is sorted by length and cut into
///   batches; the batches are shuffled.
/// - Otherwise: all pairs are one pool, and batches go from short to long.
/// Throws Error when size < 1.
std::vector<std::vector<Index>> plan_batches(const std::vector<EncodedPair>& pairs, const BatchOptions& options);

/// Throws Error unless the sizes of the lists fit `size` and the widths, which are not negative.
void check(const Batch& batch);

/// The rows [begin, end) of a batch, with its widths. Throws Error as check(Batch) does, and unless
/// 0 <= begin <= end <= size.
Batch slice(const Batch& batch, Index begin, Index end);

/// Cuts the rows of a batch, in order, into min(shards, size) batches of the same widths. Their sizes differ by at most
/// one. Throws Error as check(Batch) does, and when shards < 1.
std::vector<Batch> split(const Batch& batch, Index shards);

}  // namespace gradus::data
