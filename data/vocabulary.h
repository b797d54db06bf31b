#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <gradus/autograd/foundation/types.h>
#include <gradus/data/tokenize.h>

namespace gradus::data {

using Id = std::int64_t;

inline constexpr Id pad_id = 0;  // fills rows of a batch; no encoded token ever has it, so id != pad_id is the mask
inline constexpr Id bos_id = 1;  // starts what the decoder reads
inline constexpr Id eos_id = 2;  // ends what the decoder writes
inline constexpr Id unk_id = 3;  // stands for every token outside the vocabulary

/// How often each token occurs.
using TokenCounts = std::map<std::string, Index, std::less<>>;

/// Tokens and their ids 0 .. size()-1. Ids 0 to 3 are `<pad> <bos> <eos> <unk>`; the others are ordinary tokens.
/// A corpus token that happens to be spelt "<pad>" is an ordinary token with an id of its own (or unknown): text
/// never turns into a special id other than unk_id.
class Vocabulary {
 public:
  /// The four special tokens alone.
  Vocabulary();

  /// Tokens that occur at least `min_count` times, most frequent first, equals by their bytes; at most `max_size`
  /// entries with the four special ones (0: no limit). Throws Error on an empty token or a max_size of 1 to 3.
  static Vocabulary build(const TokenCounts& counts, Index min_count = 1, Index max_size = 0);
  static Vocabulary build(const std::vector<Tokens>& sequences, Index min_count = 1, Index max_size = 0);

  Index size() const { return static_cast<Index>(tokens_.size()); }

  /// The id of an ordinary token; unk_id when it is not in the vocabulary.
  Id id(std::string_view token) const;

  /// The token of an id ("<pad>" for 0); throws Error outside 0 .. size()-1.
  const std::string& token(Id id) const;

  std::vector<Id> encode(const Tokens& tokens) const;

  /// The tokens up to the first eos_id. Padding and bos_id are left out; unk_id stays visible as "<unk>", since it
  /// stands for a token that was there.
  Tokens decode(const std::vector<Id>& ids) const;

  /// One token a line in id order. White space, control characters, the backslash, and the "<" of an ordinary token
  /// that is spelt like a special one are written as \xHH.
  std::string to_text() const;

  /// Reads a file that holds what `to_text` gave. Throws Error with file, line and column when the special tokens do
  /// not come first, a token occurs twice, or a line is empty or malformed.
  static Vocabulary load(const std::filesystem::path& path);

  bool operator==(const Vocabulary& other) const { return tokens_ == other.tokens_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  bool add(std::string token);

  std::vector<std::string> tokens_;
  std::unordered_map<std::string, Id, Hash, std::equal_to<>> ids_;  // ordinary tokens only
};

}  // namespace gradus::data
