#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gradus/autograd/foundation/types.h>
#include <gradus/data/tokenize.h>

namespace gradus::data {

/// How the pieces of words are learned: by a unigram language model (Kudo 2018) or by byte-pair encoding (Sennrich et
/// al. 2016).
enum class SubWordModel { unigram, bpe };

/// A model of SentencePiece (Kudo and Richardson 2018), which splits words into pieces. The first piece of a word
/// begins with the mark U+2581, so that the words can be joined again. In a text, that character reads as a space.
class SubWords {
 public:
  /// Learns at most `size` pieces from texts, each given as its words. The same texts give the same model, bit for bit.
  /// Throws Error that begins with `name` when the texts have no words or `size` is below least_size.
  static SubWords learn(const std::vector<Tokens>& texts, SubWordModel model, Index size, std::string_view name);

  /// The least `size` for the texts: a piece per character, and the mark.
  static Index least_size(const std::vector<Tokens>& texts);

  /// The model with these bytes. Throws Error that begins with `name` when they are no model.
  static SubWords from_bytes(std::string bytes, std::string_view name);

  /// Reads a file with the result of `bytes`. Throws Error when it cannot be read, has more than 64 MiB or is no
  /// model.
  static SubWords load(const std::filesystem::path& path);

  /// The model as a file of SentencePiece.
  const std::string& bytes() const { return bytes_; }

  /// All pieces, in the order of the model.
  const Tokens& pieces() const { return pieces_; }

  /// The pieces of words. Characters that the model does not have are pieces of their own. Throws Error when the model
  /// was moved from.
  Tokens split(const Tokens& words) const;

  /// The words of pieces. The inverse of `split`.
  static Tokens join(const Tokens& pieces);

 private:
  class Processor;

  std::shared_ptr<const Processor> processor_;
  std::string bytes_;
  Tokens pieces_;
};

}  // namespace gradus::data
