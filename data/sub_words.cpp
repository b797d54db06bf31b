#include <gradus/data/sub_words.h>

#include <fmt/format.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <fcntl.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <set>
#include <unordered_map>
#include <utility>

#include <gradus/autograd/foundation/error.h>
#include <gradus/data/internal/byte_reader.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::data {
namespace {

constexpr std::string_view word_mark = "\u2581";
// The model's piece for unknown characters. It has a space, so no piece of a text is spelt like it.
constexpr const char* unknown_piece = "unknown piece";

// The reason of a failure, for one line of a message.
std::string reason_of(const sentencepiece::util::Status& status) { return files::shown(status.ToString(), 300); }

class TextIterator : public sentencepiece::SentenceIterator {
 public:
  explicit TextIterator(const std::vector<Tokens>& texts) : texts_(texts) { read(); }
  bool done() const override { return at_ == texts_.size(); }
  void Next() override {
    ++at_;
    read();
  }
  const std::string& value() const override { return text_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  void read() {
    if (!done()) text_ = join(texts_[at_], Tokenizer::whitespace);
  }

  const std::vector<Tokens>& texts_;
  std::size_t at_ = 0;
  std::string text_;
};

}  // namespace

class SubWords::Processor : public sentencepiece::SentencePieceProcessor {};

SubWords SubWords::learn(const std::vector<Tokens>& texts, SubWordModel model, Index size, std::string_view name) {
  const Index least = least_size(texts);
  if (least == 1) throw Error(fmt::format("{}: there are no words to learn sub-words from", name));
  if (size < least) {
    throw Error(fmt::format("{}: its characters and the mark of a word need {} sub-words, but there may be only {}",
                            name, least, size));
  }
  const std::unordered_map<std::string, std::string> options = {
      {"model_type", model == SubWordModel::unigram ? "unigram" : "bpe"},
      {"vocab_size", fmt::format("{}", size + 1)},  // with the unknown piece
      {"hard_vocab_limit", "false"},                // a small text gives fewer pieces
      {"character_coverage", "1.0"},
      {"normalization_rule_name", "identity"},  // the text has its Unicode form already
      {"max_sentence_length", fmt::format("{}", 1 << 30)},
      {"num_threads", "1"},  // the sums of several threads would depend on their number
      {"unk_id", "0"},
      {"unk_piece", unknown_piece},
      {"bos_id", "-1"},
      {"eos_id", "-1"},
      {"pad_id", "-1"},
      {"minloglevel", "2"},  // nothing on standard error
  };
  TextIterator sentences(texts);
  std::string bytes;
  const auto status = sentencepiece::SentencePieceTrainer::Train(options, &sentences, &bytes);
  if (!status.ok()) throw Error(fmt::format("{}: SentencePiece cannot learn sub-words: {}", name, reason_of(status)));
  return from_bytes(std::move(bytes), name);
}

Index SubWords::least_size(const std::vector<Tokens>& texts) {
  std::set<std::string> characters;
  for (const Tokens& text : texts)
    for (const std::string& word : text)
      for (std::string& character : tokenize(word, Tokenizer::characters)) characters.insert(std::move(character));
  return std::ssize(characters) + 1;
}

SubWords SubWords::from_bytes(std::string bytes, std::string_view name) {
  auto processor = std::make_shared<Processor>();
  std::string reason;
  try {
    const auto status = processor->LoadFromSerializedProto(bytes);
    if (!status.ok()) reason = reason_of(status);
  } catch (const std::exception& e) {  // of the tree of pieces inside SentencePiece
    reason = files::shown(e.what(), 300);
  }
  if (!reason.empty()) throw Error(fmt::format("{}: this is no model of SentencePiece: {}", name, reason));
  SubWords made;
  made.bytes_ = std::move(bytes);
  for (int id = 0; id < processor->GetPieceSize(); ++id)
    if (!processor->IsUnknown(id)) made.pieces_.push_back(processor->IdToPiece(id));
  made.processor_ = std::move(processor);
  return made;
}

SubWords SubWords::load(const std::filesystem::path& path) {
  constexpr std::size_t most = std::size_t{1} << 26;
  const std::string name = path.string();
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw Error(fmt::format("{}: the file cannot be opened: {}", name, std::strerror(errno)));
  ByteReader reader(
      file, [&name](const std::string& reason) { return Error(fmt::format("{}: reading failed: {}", name, reason)); });
  std::string bytes;
  std::array<char, 1 << 16> part{};
  while (const std::size_t count = reader.read(part.data(), part.size())) {
    bytes.append(part.data(), count);
    if (bytes.size() > most) throw Error(fmt::format("{}: more than {} bytes, no model of SentencePiece", name, most));
  }
  return from_bytes(std::move(bytes), name);
}

Tokens SubWords::split(const Tokens& words) const {
  if (processor_ == nullptr) throw Error("a model of sub-words was used after it was moved from");
  Tokens pieces;
  const auto status = processor_->Encode(data::join(words, Tokenizer::whitespace), &pieces);
  if (!status.ok()) throw Error(fmt::format("SentencePiece cannot split a text: {}", reason_of(status)));
  return pieces;
}

Tokens SubWords::join(const Tokens& pieces) {
  std::string text;
  for (std::string_view piece : pieces) {
    for (std::size_t at = 0; (at = piece.find(word_mark)) != std::string_view::npos;) {
      text += piece.substr(0, at);
      text += ' ';
      piece.remove_prefix(at + word_mark.size());
    }
    text += piece;
  }
  return tokenize(text, Tokenizer::whitespace);
}

}  // namespace gradus::data
