#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::data {

/// The normal forms of Unicode (Standard Annex 15). `none` leaves a text as it is.
enum class UnicodeForm { none, nfc, nfd, nfkc };

/// What a code point is, by its general category (Standard Annex 44): N*, P*, S*, or any other.
enum class CharacterKind { number, punctuation, symbol, other };
CharacterKind kind_of(char32_t point);

/// The code points of the text. A byte that is not UTF-8 counts as one.
std::u32string code_points(std::string_view text);

/// The text in a normal form. Throws Error, with the column, when it is not well-formed UTF-8.
std::string normalize(std::string_view text, UnicodeForm form);

/// The text in lower case, by the full mappings of Unicode that belong to no language (The Unicode Standard, 3.13):
/// U+0130 becomes an i with a dot above, and a sigma at the end of a word is final. Throws as `normalize` does.
std::string lowercase(std::string_view text);

/// The text in a normal form, in lower case if wanted. Throws as `normalize` does.
std::string prepare(std::string_view text, UnicodeForm form, bool in_lowercase);

/// The text for a message: in quotation marks, or as its code points (U+0301) when it begins with a combining mark or
/// has white space or control characters other than a space. Expects well-formed UTF-8.
std::string quoted(std::string_view text);

/// The columns of a terminal that the text takes: none for a combining mark, two for a wide character such as a Chinese
/// one.
std::size_t width(std::string_view text);

/// The longest beginning of the text that fits in so many columns. Throws as `normalize` does.
std::string cut_to_width(std::string_view text, std::size_t columns);

/// The extended grapheme clusters of the text (Standard Annex 29): what a reader counts as one character. Throws as
/// `normalize` does.
std::vector<std::string> graphemes(std::string_view text);

}  // namespace gradus::data
