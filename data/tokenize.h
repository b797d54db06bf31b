#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gradus::data {

/// The tokens of a text, in order.
using Tokens = std::vector<std::string>;

/// How a text is split into tokens.
enum class Tokenizer {
  characters,  // one token per Unicode code point, also for spaces
  graphemes,   // one token per grapheme cluster: a letter with its marks, also for spaces
  whitespace,  // the parts between ASCII white space
};

/// The tokens of `text`. Throws Error, with the column, when the text is not well-formed UTF-8.
Tokens tokenize(std::string_view text, Tokenizer kind);

/// The text of `tokens`: joined directly (characters, graphemes) or with one space between them (whitespace).
std::string join(const Tokens& tokens, Tokenizer kind);

/// "characters", "graphemes" or "whitespace".
std::string_view tokenizer_name(Tokenizer kind);

/// The tokenizer of that name. Throws Error with all names when there is none.
Tokenizer tokenizer_named(std::string_view name);

}  // namespace gradus::data
