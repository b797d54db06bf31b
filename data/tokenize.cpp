#include <gradus/data/tokenize.h>

#include <fmt/format.h>

#include <algorithm>

#include <gradus/autograd/foundation/error.h>
#include <gradus/files/internal/utf8.h>

namespace gradus::data {

Tokens tokenize(std::string_view text, Tokenizer kind) {
  if (const std::size_t bad = files::find_invalid_utf8(text); bad != std::string_view::npos) {
    throw Error(fmt::format("column {}: byte 0x{:02X} is not UTF-8; convert the text to UTF-8 first",
                            files::column_of(text, bad), static_cast<unsigned char>(text[bad])));
  }
  Tokens tokens;
  if (kind == Tokenizer::characters) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = files::utf8_length(text, at);
      tokens.emplace_back(text.substr(at, length));
      at += length;
    }
    return tokens;
  }
  constexpr std::string_view spaces = " \t\n\v\f\r";
  for (std::size_t begin = text.find_first_not_of(spaces); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(spaces, begin), text.size());
    tokens.emplace_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(spaces, end);
  }
  return tokens;
}

std::string join(const Tokens& tokens, Tokenizer kind) {
  return fmt::format("{}", fmt::join(tokens, kind == Tokenizer::whitespace ? " " : ""));
}

std::string_view tokenizer_name(Tokenizer kind) { return kind == Tokenizer::characters ? "characters" : "whitespace"; }

Tokenizer tokenizer_named(std::string_view name) {
  for (const Tokenizer kind : {Tokenizer::characters, Tokenizer::whitespace})
    if (name == tokenizer_name(kind)) return kind;
  throw Error(fmt::format("there is no tokenizer \"{}\"; choose characters or whitespace", name));
}

}  // namespace gradus::data
