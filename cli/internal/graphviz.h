#pragma once

#include <filesystem>
#include <string>

namespace gradus::cli {

/// Draws a text in the language of Graphviz as SVG, with the program `dot` of Debian's package graphviz, and replaces
/// the file. Throws Error when there is no such program, when it fails, and when a file cannot be written; the old file
/// stays.
void draw_svg(const std::string& dot, const std::filesystem::path& file);

}  // namespace gradus::cli
