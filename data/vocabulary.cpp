#include <gradus/data/vocabulary.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include <gradus/autograd/foundation/error.h>
#include <gradus/data/internal/lines.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::data {
namespace {

constexpr std::array<std::string_view, 4> specials = {"<pad>", "<bos>", "<eos>", "<unk>"};

bool must_escape(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '\\'; }

std::string escape(std::string_view token) {
  const bool like_special = std::find(specials.begin(), specials.end(), token) != specials.end();
  std::string line;
  for (const char c : token) {
    if (must_escape(c) || (like_special && c == '<'))
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      line += c;
  }
  return line;
}

struct Unescaped {
  std::string token;
  std::size_t bad = std::string_view::npos;  // offset of the first error; npos: the line is valid
};

/// The token that `escape` wrote as `line`.
Unescaped unescape(std::string_view line) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string token;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\') {
      if (must_escape(line[i])) return {.token = {}, .bad = i};
      token += line[i];
      continue;
    }
    if (line.size() - i < 4 || line[i + 1] != 'x') return {.token = {}, .bad = i};
    const std::size_t high = digits.find(line[i + 2]);
    const std::size_t low = digits.find(line[i + 3]);
    if (high == std::string_view::npos || low == std::string_view::npos) return {.token = {}, .bad = i};
    token += static_cast<char>(high * 16 + low);
    i += 3;
  }
  const std::size_t invalid = files::find_invalid_utf8(token);
  if (invalid == std::string_view::npos) return {.token = std::move(token)};
  std::size_t at = 0;
  for (std::size_t i = 0; i < invalid; ++i) at += line[at] == '\\' ? 4 : 1;
  return {.token = {}, .bad = at};
}

}  // namespace

Vocabulary::Vocabulary() : tokens_(specials.begin(), specials.end()) {}

bool Vocabulary::add(std::string token) {
  if (!ids_.emplace(token, size()).second) return false;
  tokens_.push_back(std::move(token));
  return true;
}

Vocabulary::Vocabulary(SubWords sub_words) : Vocabulary() {
  for (const std::string& piece : sub_words.pieces()) add(piece);
  sub_words_ = std::make_shared<const SubWords>(std::move(sub_words));
}

Vocabulary Vocabulary::build(const TokenCounts& counts, Index min_count, Index max_size) {
  Vocabulary vocabulary;
  if (max_size != 0 && max_size < vocabulary.size()) {
    throw Error(
        fmt::format("a vocabulary of at most {} entries has no room for the {} special tokens; "
                    "raise the limit, or give 0 for none",
                    max_size, vocabulary.size()));
  }
  std::vector<std::pair<Index, std::string_view>> ranked;
  for (const auto& [token, count] : counts) {
    if (token.empty()) throw Error("a vocabulary cannot hold an empty token; drop empty tokens before counting");
    if (count >= min_count) ranked.emplace_back(-count, token);
  }
  std::sort(ranked.begin(), ranked.end());
  for (const auto& [negative_count, token] : ranked) {
    if (max_size != 0 && vocabulary.size() == max_size) break;
    vocabulary.add(std::string(token));
  }
  return vocabulary;
}

Vocabulary Vocabulary::build(const std::vector<Tokens>& sequences, Index min_count, Index max_size) {
  TokenCounts counts;
  for (const Tokens& sequence : sequences)
    for (const std::string& token : sequence) ++counts[token];
  return build(counts, min_count, max_size);
}

Id Vocabulary::id(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? unk_id : found->second;
}

const std::string& Vocabulary::token(Id id) const {
  if (id < 0 || id >= size())
    throw Error(fmt::format("id {} is outside the vocabulary, whose ids are 0 to {}", id, size() - 1));
  return tokens_[static_cast<std::size_t>(id)];
}

Tokens Vocabulary::split(const Tokens& tokens) const {
  return sub_words_ == nullptr ? tokens : sub_words_->split(tokens);
}

std::vector<Id> Vocabulary::encode(const Tokens& tokens) const {
  std::vector<Id> ids;
  ids.reserve(tokens.size());
  for (const std::string& token : split(tokens)) ids.push_back(id(token));
  return ids;
}

Tokens Vocabulary::decode(const std::vector<Id>& ids) const {
  const Tokens tokens = decode_split(ids);
  return sub_words_ == nullptr ? tokens : SubWords::join(tokens);
}

Tokens Vocabulary::decode_split(const std::vector<Id>& ids) const {
  Tokens tokens;
  for (const Id id : ids) {
    if (id == eos_id) break;
    if (id != pad_id && id != bos_id) tokens.push_back(token(id));
  }
  return tokens;
}

std::string Vocabulary::to_text() const {
  std::string text;
  for (Id id = 0; id < size(); ++id) {
    text += id < std::ssize(specials) ? token(id) : escape(token(id));
    text += '\n';
  }
  return text;
}

Vocabulary Vocabulary::load(const std::filesystem::path& path) {
  const auto refuse = [&path](Index line, const std::string& reason, Index column = 1) {
    throw Error(fmt::format("{}:{}:{}: {}", path.string(), line, column, reason));
  };
  Vocabulary vocabulary;
  LineReader reader(path);
  Line line;
  Index count = 0;
  while (reader.next(line)) {
    count = line.number;
    if (count <= std::ssize(specials)) {
      const std::string_view expected = specials[static_cast<std::size_t>(count - 1)];
      if (line.text != expected) {
        refuse(count,
               fmt::format("expected {}; a vocabulary starts with the lines {}", expected, fmt::join(specials, " ")));
      }
      continue;
    }
    if (line.too_long) refuse(count, "the line is longer than 1 MiB");
    if (line.text.empty()) refuse(count, "expected a token; the line is empty");
    const auto is_special = std::find(specials.begin(), specials.end(), line.text) != specials.end();
    if (is_special) refuse(count, fmt::format("{} is a special token, which only the first lines may hold", line.text));
    const auto [token, bad] = unescape(line.text);
    if (bad != std::string_view::npos) {
      refuse(count, "expected a token in UTF-8 with white space and backslashes written as \\xHH",
             files::column_of(line.text, bad));
    }
    if (!vocabulary.add(token))
      refuse(count,
             fmt::format("{} occurs twice, first on line {}", files::shown(line.text), vocabulary.id(token) + 1));
  }
  if (count < std::ssize(specials)) {
    refuse(count + 1, fmt::format("the file ends before {}; a vocabulary starts with the lines {}",
                                  specials[static_cast<std::size_t>(count)], fmt::join(specials, " ")));
  }
  return vocabulary;
}

Vocabulary Vocabulary::load(const std::filesystem::path& path, const std::filesystem::path& sub_words) {
  Vocabulary vocabulary(SubWords::load(sub_words));
  if (vocabulary.tokens_ != load(path).tokens_) {
    throw Error(fmt::format("{}: its pieces are not the tokens of {}; restore the old files", sub_words.string(),
                            path.string()));
  }
  return vocabulary;
}

bool Vocabulary::operator==(const Vocabulary& other) const {
  const auto bytes = [](const Vocabulary& v) { return v.sub_words_ == nullptr ? "" : v.sub_words_->bytes(); };
  return tokens_ == other.tokens_ && bytes(*this) == bytes(other);
}

}  // namespace gradus::data
