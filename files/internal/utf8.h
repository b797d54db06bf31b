#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <gradus/autograd/foundation/types.h>

namespace gradus::files {

/// The number of bytes (1 to 4) of the well-formed UTF-8 code point at text[at]; 0 if there is none.
/// Overlong forms, surrogates and values above U+10FFFF are not well-formed.
std::size_t utf8_length(std::string_view text, std::size_t at);

/// The offset of the first byte that is not part of well-formed UTF-8; npos if there is none.
std::size_t find_invalid_utf8(std::string_view text);

/// Throws Error, with the column, when the text is not well-formed UTF-8.
void require_utf8(std::string_view text);

/// The column, from 1 and in characters, of the byte at `offset`.
Index column_of(std::string_view text, std::size_t offset);

/// Prepares a text from a file or a command line for a message: at most `most` bytes of it, then "...". Control
/// characters and bytes that are not UTF-8 become \xHH.
std::string shown(std::string_view text, std::size_t most = 100);

}  // namespace gradus::files
