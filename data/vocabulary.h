#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <gradus/autograd/foundation/types.h>
#include <gradus/data/sub_words.h>
#include <gradus/data/tokenize.h>

namespace gradus::data {

/// The index of a token in a Vocabulary.
using Id = std::int64_t;

inline constexpr Id pad_id = 0;  // fills the rows of a batch; no token has it, so id != pad_id is the mask
inline constexpr Id bos_id = 1;  // starts the input of the decoder
inline constexpr Id eos_id = 2;  // ends the output of the decoder
inline constexpr Id unk_id = 3;  // stands for every token outside the vocabulary

/// How often each token occurs.
using TokenCounts = std::map<std::string, Index, std::less<>>;

/// Tokens and their ids 0 .. size()-1. Ids 0 to 3 are `<pad> <bos> <eos> <unk>`; the others are ordinary tokens.
/// A token of a corpus that is spelt "<pad>" is an ordinary token: text never becomes a special id other than unk_id.
/// A vocabulary of sub-words has pieces of words as its tokens: `encode` takes words and `decode` gives words.
class Vocabulary {
 public:
  /// Has the four special tokens only.
  Vocabulary();

  /// Tokens that occur at least `min_count` times, the most frequent first, equally frequent ones in the order of their
  /// bytes. Has at most `max_size` entries, with the four special ones (0: no limit). Throws Error when a token is
  /// empty or max_size is 1 to 3.
  static Vocabulary build(const TokenCounts& counts, Index min_count = 1, Index max_size = 0);
  static Vocabulary build(const std::vector<Tokens>& sequences, Index min_count = 1, Index max_size = 0);

  /// The pieces of a model, in its order.
  explicit Vocabulary(SubWords sub_words);

  /// The number of tokens, the four special ones included.
  Index size() const { return static_cast<Index>(tokens_.size()); }

  /// The id of an ordinary token, or unk_id if it is not in the vocabulary.
  Id id(std::string_view token) const;

  /// The token of an id ("<pad>" for 0). Throws Error outside 0 .. size()-1.
  const std::string& token(Id id) const;

  /// The tokens themselves, or the pieces of words.
  Tokens split(const Tokens& tokens) const;

  /// The ids of `split`.
  std::vector<Id> encode(const Tokens& tokens) const;

  /// The tokens before the first eos_id, without pad_id and bos_id; pieces are joined to words. unk_id becomes "<unk>".
  Tokens decode(const std::vector<Id>& ids) const;

  /// The same, with pieces as they are.
  Tokens decode_split(const std::vector<Id>& ids) const;

  /// The model of the pieces, or null.
  const SubWords* sub_words() const { return sub_words_.get(); }

  /// One token per line in the order of ids. White space, control characters, the backslash, and the "<" of an ordinary
  /// token that is spelt like a special one are written as \xHH.
  std::string to_text() const;

  /// Reads a file with the result of `to_text`. Throws Error, with file, line and column, when the special tokens do
  /// not come first, a token occurs twice, or a line is empty or malformed.
  static Vocabulary load(const std::filesystem::path& path);

  /// Reads a vocabulary of sub-words: the same file, and the file with the bytes of the model. Throws Error as `load`
  /// does, and when the model cannot be read or has other pieces.
  static Vocabulary load(const std::filesystem::path& path, const std::filesystem::path& sub_words);

  /// Whether the tokens are the same, in the same order, from models of sub-words with the same bytes.
  bool operator==(const Vocabulary& other) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  bool add(std::string token);

  std::vector<std::string> tokens_;
  std::shared_ptr<const SubWords> sub_words_;
  std::unordered_map<std::string, Id, Hash, std::equal_to<>> ids_;  // ordinary tokens only
};

}  // namespace gradus::data
