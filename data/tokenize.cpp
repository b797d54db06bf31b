#include <gradus/data/tokenize.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/foundation/error.h>
#include <gradus/data/internal/blanks.h>
#include <gradus/data/unicode.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::data {

Tokens tokenize(std::string_view text, Tokenizer kind) {
  if (kind == Tokenizer::graphemes) return graphemes(text);
  files::require_utf8(text);
  Tokens tokens;
  if (kind == Tokenizer::characters) {
    tokens.reserve(static_cast<std::size_t>(files::column_of(text, text.size()) - 1));
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = files::utf8_length(text, at);
      tokens.emplace_back(text.substr(at, length));
      at += length;
    }
    return tokens;
  }
  std::size_t count = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = blanks.find(c) != std::string_view::npos;
    count += !space && !inside ? 1 : 0;
    inside = !space;
  }
  tokens.reserve(count);
  for (std::size_t begin = text.find_first_not_of(blanks); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(blanks, begin), text.size());
    tokens.emplace_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(blanks, end);
  }
  return tokens;
}

std::string join(const Tokens& tokens, Tokenizer kind) {
  return fmt::format("{}", fmt::join(tokens, kind == Tokenizer::whitespace ? " " : ""));
}

std::string_view tokenizer_name(Tokenizer kind) {
  return kind == Tokenizer::characters ? "characters" : kind == Tokenizer::graphemes ? "graphemes" : "whitespace";
}

Tokenizer tokenizer_named(std::string_view name) {
  for (const Tokenizer kind : {Tokenizer::characters, Tokenizer::graphemes, Tokenizer::whitespace})
    if (name == tokenizer_name(kind)) return kind;
  throw Error(fmt::format("there is no tokenizer \"{}\"; choose characters, graphemes or whitespace", name));
}

}  // namespace gradus::data
