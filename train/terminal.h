#pragma once

#include <cstdio>

#include <gradus/autograd/foundation/types.h>

namespace gradus::train {

/// Whether text in the file can be replaced: it is a terminal, and TERM is set and not "dumb".
bool is_screen(int file);

/// Whether NO_COLOR is set and not empty (no-color.org).
bool no_color();

/// The size of a terminal, in characters.
struct TerminalSize {
  Index columns = 0,  ///< characters per line
      rows = 0;       ///< lines
};

/// The size of the terminal of a file at this moment; elsewhere COLUMNS and LINES, or else 80 and 24. The terminal
/// comes first because a shell does not always update the variables.
TerminalSize terminal_size(std::FILE* out);

/// Whether the environment asks for text in UTF-8: the first of LC_ALL, LC_CTYPE and LANG that is set names it, and
/// TERM is not "dumb".
bool shows_utf8();

}  // namespace gradus::train
