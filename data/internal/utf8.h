#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <gradus/autograd/foundation/types.h>

namespace gradus::data {

/// Bytes (1 to 4) of the well-formed UTF-8 code point that starts at text[at]; 0 where none does.
/// Overlong forms, surrogates and values above U+10FFFF are not well-formed.
std::size_t utf8_length(std::string_view text, std::size_t at);

/// Offset of the first byte that is not part of well-formed UTF-8; npos when there is none.
std::size_t find_invalid_utf8(std::string_view text);

/// Column, from 1 and in characters, of the byte at `offset`.
Index column_of(std::string_view text, std::size_t offset);

/// A text from a file or a command line as it may stand in a message: at most `most` bytes of it, then "..."; control
/// characters and bytes that are not UTF-8 as \\xHH.
std::string shown(std::string_view text, std::size_t most = 100);

/// Lower case of the Latin (ASCII, Latin-1, Extended-A), Greek and Cyrillic capitals that have a lower case of one
/// code point; everything else stays. Does not depend on the locale. Expects well-formed UTF-8.
std::string lowercase(std::string_view text);

}  // namespace gradus::data
