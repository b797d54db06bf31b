#pragma once

#include <string>
#include <vector>

#include <gradus/autograd/foundation/types.h>
#include <gradus/report/curves.h>

namespace gradus::report {

/// The characters of a plot of text: Braille patterns (2 x 4 dots each), or those of ASCII.
enum class Marks { braille, ascii };

struct PlotStyle {
  Index columns = 80, rows = 8;  // of the plot, with its labels and without its title and its axis
  Marks marks = Marks::braille;
  bool colors = false;                      // whether several curves have colours
  double first_step = 0, last_step = 1e-9;  // the ends of the axis
};

/// Curves over steps as lines of text of at most `columns` columns: a title, `rows` lines with the largest value at the
/// first and the smallest at the last, and the axis of steps. Points that are not finite numbers are left out.
///
/// - Neighbouring points are joined.
/// - Several curves without colours are drawn with letters, those of curve_mark. A later curve covers an earlier one.
/// - Where nothing but the labels fits, only the title is left.
std::vector<std::string> text_plot(const std::string& title, const std::vector<Curve>& curves, const PlotStyle& style);

/// The mark of one of `count` curves in a legend: a letter, a line in its colour, or nothing for one curve.
std::string curve_mark(std::size_t curve, std::size_t count, const PlotStyle& style);

}  // namespace gradus::report
