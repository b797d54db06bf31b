#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gradus::data {

using Tokens = std::vector<std::string>;

/// How a text is cut into tokens.
enum class Tokenizer {
  characters,  // one token a Unicode code point, spaces included
  whitespace,  // the runs between ASCII white space
};

/// The tokens of `text`. Throws Error with the column where the text is not well-formed UTF-8.
Tokens tokenize(std::string_view text, Tokenizer kind);

/// The text of `tokens`: put together as they are (characters) or with one space between them (whitespace).
std::string join(const Tokens& tokens, Tokenizer kind);

/// "characters" or "whitespace".
std::string_view tokenizer_name(Tokenizer kind);

/// The tokenizer of that name; throws Error naming the known ones.
Tokenizer tokenizer_named(std::string_view name);

}  // namespace gradus::data
